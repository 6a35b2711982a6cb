/** The home of the sandbox's user: its environment, its decoys and an empty project. */
import { dirname } from "node:path";
import { buffer } from "node:stream/consumers";
import type Docker from "dockerode";
import { pack } from "tar-stream";
import { FangsError } from "../../protocol/errors.ts";
import { HOME, PROJECT } from "./container.ts";
import type { SandboxFile } from "./decoys.ts";
import { runInside } from "./exec.ts";

const PROJECT_FILE: SandboxFile = {
  path: `${PROJECT}/package.json`,
  text: `${JSON.stringify({ name: "webapp", version: "0.1.0", private: true }, null, 2)}\n`,
  mode: 0o644,
};

/** The environment of every process, and in it the settings that npm reads from the environment: its registry is the gateway, and the decoy ~/.npmrc is not its own. */
export function npmSettings(registry: string): Record<string, string> {
  return {
    HOME,
    USER: "node",
    LANG: "C.UTF-8",
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    npm_config_registry: registry,
    npm_config_userconfig: `${HOME}/.config/npm/npmrc`,
    npm_config_foreground_scripts: "true",
    npm_config_audit: "false",
    npm_config_fund: "false",
    npm_config_update_notifier: "false",
    npm_config_progress: "false",
    npm_config_fetch_retries: "1",
    npm_config_fetch_retry_mintimeout: "500",
    // npm 12 runs no install script without it; npm 10 and 11 do not know it.
    npm_config_dangerously_allow_all_scripts: "true",
    // npm turns node's compile cache on: a thousand files of random names below /tmp, and no faster for one install.
    NODE_DISABLE_COMPILE_CACHE: "1",
  };
}

/**
 * Puts the files and an empty project into the home: as the sandbox's user, through its own tar, as that works on a
 * read-only root too.
 *
 * @throws FangsError sandbox_failed
 */
export async function unpackHome(container: Docker.Container, decoys: SandboxFile[]): Promise<void> {
  const files = [...decoys, PROJECT_FILE];
  const archive = pack();
  for (const directory of new Set(files.map(({ path }) => dirname(path)))) {
    const name = directory.slice(HOME.length + 1);
    if (name !== "")
      archive.entry({ name, type: "directory", mode: directory === PROJECT ? 0o755 : 0o700, mtime: someTimeAgo() });
  }
  for (const { path, text, mode } of files) {
    archive.entry({ name: path.slice(HOME.length + 1), mode, uid: 1000, gid: 1000, mtime: someTimeAgo() }, text);
  }
  archive.finalize();
  const { code, output } = await runInside(container, ["tar", "-x", "-C", HOME, "-f", "-"], {
    input: await buffer(archive),
  });
  if (code !== 0) throw new FangsError("sandbox_failed", `The project could not be unpacked: ${output.slice(0, 300)}`);
}

// --- internal ---

/** A home where everything was made in the same second a moment ago is no one's home. */
function someTimeAgo(): Date {
  const days = 5 + Math.random() * 200;
  return new Date(Date.now() - days * 86_400_000);
}
