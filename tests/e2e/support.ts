import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import {
  type LocalRegistry,
  type LocalRegistryOptions,
  type PackageFiles,
  startLocalRegistry,
} from "../../npm/local-registry.ts";
import type { Deviation, Run } from "../../protocol/models.ts";

export const FANGS: string = resolve(import.meta.dir, "../../dist/fangs");

/** Why these tests can't run here, undefined where they can. They need root, Docker, BPF and the built executable. */
export const unavailable: string | undefined = !existsSync(FANGS)
  ? "dist/fangs is not built"
  : process.getuid?.() !== 0
    ? "they need root"
    : !existsSync("/var/run/docker.sock")
      ? "there is no Docker"
      : undefined;
if (unavailable !== undefined) process.stderr.write(`end-to-end tests skipped: ${unavailable}\n`);

// Made here and not by `fangs up`: the tests' registry has no node to put into it.
if (unavailable === undefined && Bun.spawnSync(["docker", "image", "inspect", "fangs-sandbox:node22"]).exitCode !== 0) {
  const built = Bun.spawnSync([FANGS, "image", "build"]);
  if (built.exitCode !== 0) throw new Error(built.stderr.toString());
}

export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs the executable to its end. */
export async function fangs(
  args: string[],
  options: { env?: Record<string, string>; cwd?: string } = {},
): Promise<Ended> {
  const child = Bun.spawn([FANGS, ...args], {
    env: { ...process.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { code, stdout, stderr };
}

/** A process of the executable that goes on until it is stopped. */
export interface Daemon extends AsyncDisposable {
  pid: number;
  /** What it said so far. */
  log(): string;
  /** SIGKILL, and its end. */
  kill(): Promise<void>;
  /** SIGTERM, and its exit code. */
  stop(): Promise<number>;
}

export async function daemon(args: string[], env: Record<string, string>, ready: string): Promise<Daemon> {
  const child = Bun.spawn([FANGS, ...args], {
    env: { ...process.env, ...env },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  let log = "";
  void (async () => {
    for await (const chunk of child.stderr.pipeThrough(new TextDecoderStream())) log += chunk;
  })();
  const stop = async (signal: NodeJS.Signals): Promise<number> => {
    child.kill(signal);
    return child.exited;
  };
  await until(() => log.includes(ready) || child.exitCode !== null, 90_000, `\`fangs ${args[0]}\` to say "${ready}"`);
  if (child.exitCode !== null) throw new Error(`fangs ${args.join(" ")} ended with ${child.exitCode}:\n${log}`);
  return {
    pid: child.pid,
    log: () => log,
    kill: async () => void (await stop("SIGKILL")),
    stop: () => stop("SIGTERM"),
    [Symbol.asyncDispose]: async () => void (await stop("SIGTERM")),
  };
}

/** Looks again and again; throws with what was waited for when the time is over. */
export async function until(done: () => boolean | Promise<boolean>, ms: number, what: string): Promise<void> {
  const deadline = performance.now() + ms;
  while (!(await done())) {
    if (performance.now() > deadline) throw new Error(`waited ${ms} ms in vain for ${what}`);
    await Bun.sleep(25);
  }
}

export interface Place extends AsyncDisposable {
  dataDir: string;
  registry: LocalRegistry;
  url: string;
  listen: string;
  env: Record<string, string>;
  publish(files: PackageFiles): Promise<void>;
  /** `fangs …` against this place's server. */
  run(...args: string[]): Promise<Ended>;
  /** Submits and watches; the run and its deviations as --json has them. */
  scan(name: string, version: string): Promise<{ run: Run; deviations: Deviation[]; code: number; stderr: string }>;
}

export type Intercept = NonNullable<LocalRegistryOptions["intercept"]>;

/** A data directory, a free port and a local registry; no process of fangs yet. */
export function place(intercept?: Intercept): Place {
  const dataDir = mkdtempSync(join(tmpdir(), "fangs-e2e-"));
  const registry = startLocalRegistry(intercept === undefined ? {} : { intercept });
  const listen = `127.0.0.1:${freePort()}`;
  const url = `http://${listen}`;
  const env = { FANGS_DATA_DIR: dataDir, FANGS_SERVER: url, npm_config_registry: registry.url };
  const run = (...args: string[]): Promise<Ended> => fangs(args, { env });
  return {
    ...{ dataDir, registry, url, listen, env, run },
    publish: (files) => registry.publish(files),
    async scan(name, version) {
      const ended = await run(
        "scan",
        "submit",
        "-package",
        name,
        "-version",
        version,
        "--watch",
        "--json",
        "--timeout",
        "2m",
      );
      if (ended.stdout === "") throw new Error(`no verdict: ${ended.stderr}`);
      return {
        ...(JSON.parse(ended.stdout) as { run: Run; deviations: Deviation[] }),
        code: ended.code,
        stderr: ended.stderr,
      };
    },
    async [Symbol.asyncDispose]() {
      await registry[Symbol.asyncDispose]();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** A package of one file, with scripts and a version. */
export function simplePackage(
  name: string,
  version: string,
  more: Record<string, unknown> = {},
  files: PackageFiles = {},
): PackageFiles {
  const manifest = { name, version, main: "index.js", ...more };
  return { "index.js": "module.exports = 1;\n", ...files, "package.json": JSON.stringify(manifest) };
}

/** A port of this host that was free a moment ago. */
export function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}
