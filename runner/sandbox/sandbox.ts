/** One run's container, from its start to its removal. */
import { writeFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import type Docker from "dockerode";
import { pack } from "tar-stream";
import { checkPackageName, checkVersion } from "../../npm/names.ts";
import { FangsError } from "../../protocol/errors.ts";
import type { Environment } from "../../protocol/models.ts";
import { type Held, holdCommand } from "./barrier.ts";
import { HOME, PROJECT, containerOptions } from "./container.ts";
import { type SandboxFile, makeDecoys } from "./decoys.ts";
import { until, within } from "./deadline.ts";
import { dockerStatus, leniently } from "./docker.ts";
import { runInside } from "./exec.ts";
import type { SandboxNetwork } from "./network.ts";
import { LABELS } from "./owner.ts";
import {
  type InstalledPackage,
  type PhaseCommand,
  binCommands,
  importCommands,
  installCommand,
  parseInstalled,
} from "./phases.ts";
import { type ContainerProcesses, containerProcesses } from "./processes.ts";

export interface SandboxRequest {
  runId: string;
  package: string;
  version: string;
  network: "registry" | "open" | "none";
  /** The registry as of this moment, Unix milliseconds; null: as of now. */
  before: number | null;
  /** After this the container kills itself, whatever happens to the runner. */
  lifetimeMs: number;
}

/** There is nothing to import or run: why not, in a sentence. */
export interface NotInstalled {
  notInstalled: string;
}

export interface Sandbox extends AsyncDisposable {
  /** Host pid of the container's init. */
  readonly initPid: number;
  readonly environment: Environment;
  installCommand(): PhaseCommand;
  /**
   * What to run in the phase, from the package.json that the install left. It is read once, at the first call: code that
   * runs later cannot change the plan. An install that ended well and left nothing is told apart here.
   */
  commands(phase: "import" | "bin"): Promise<PhaseCommand[] | NotInstalled>;
  hold(command: PhaseCommand): Promise<Held>;
  /** Host pids still alive beyond the idle processes. */
  survivors(): number[];
  /** Kills them; returns when none is left, after 2 s at most. */
  killAll(): Promise<void>;
}

export interface SandboxPlace {
  docker: Docker;
  image: string;
  owner: string;
  network: SandboxNetwork;
}

const DOCKER_MS = 20_000;
const STOP_MS = 5_000;
const POLL_MS = 20;
/** A leftover whose owner cannot be seen from here is reaped so long after its container had to be dead. */
const DEADLINE_MARGIN_MS = 60_000;
const PACKAGE_JSON_BYTES = 256 * 1024;

/**
 * Starts the container and fills it. Whatever fails, nothing is left behind.
 *
 * @throws FangsError sandbox_failed, invalid_name, invalid_version
 */
export async function startSandbox(place: SandboxPlace, request: SandboxRequest): Promise<Sandbox> {
  checkPackageName(request.package);
  checkVersion(request.version);
  if (request.network === "open") {
    throw new FangsError("sandbox_failed", "The network mode `open` is not available yet.", {
      hint: "Use `registry`.",
    });
  }
  const { docker, network } = place;
  const connected = request.network === "registry";
  const decoys = makeDecoys(HOME, PROJECT);
  const registry = connected
    ? { address: network.subnet.host, port: network.gateway.port }
    : { address: "127.0.0.1", port: network.gateway.port };
  const resolver = { address: connected ? network.subnet.host : "127.0.0.1", port: network.resolverPort };

  await using stack = new AsyncDisposableStack();
  const options = containerOptions({
    image: place.image,
    labels: {
      [LABELS.owner]: place.owner,
      [LABELS.run]: request.runId,
      [LABELS.deadline]: String(Date.now() + request.lifetimeMs + DEADLINE_MARGIN_MS),
    },
    variables: { ...npmSettings(`http://${registry.address}:${registry.port}/`), ...decoys.variables },
    lifetimeMs: request.lifetimeMs,
    network: connected ? { name: network.name, resolver: resolver.address } : null,
  });
  const container = await within(DOCKER_MS, "Docker's creation of a container", docker.createContainer(options));
  stack.defer(() => removeContainer(container));
  const attach = container.attach({ stream: true, stdin: true, hijack: true });
  const stdin = await within(DOCKER_MS, "Docker's answer", attach);
  stack.defer(() => void stdin.end());
  stdin.on("error", () => {});
  await within(DOCKER_MS, "The start of the container", container.start());

  const state = await within(DOCKER_MS, "Docker's answer", container.inspect());
  const processes = containerProcesses(state.State.Pid);
  if (connected) {
    const address = state.NetworkSettings.Networks[network.name]?.IPAddress ?? "";
    network.gateway.admit(address, {
      before: request.before,
      release: { name: request.package, version: request.version },
    });
    stack.defer(() => {
      network.gateway.dismiss(address);
      network.names.forget(address);
    });
    // Docker writes its own resolver, which does not forward on internal networks. The file is mounted: same inode.
    await writeFile(state.ResolvConfPath, `nameserver ${resolver.address}\n`);
  }
  await unpack(container, [...decoys.files, PROJECT_FILE]);

  return new RunningSandbox(stack.move(), container, processes, request, {
    initPid: state.State.Pid,
    environment: { project: PROJECT, home: HOME, registry, resolver, decoys: decoys.decoys },
  });
}

/** Removes it; the kernel ends everything in its pid namespace with its init. A dead daemon is not waited for. */
async function removeContainer(container: Docker.Container): Promise<void> {
  const removal = leniently(container.remove({ force: true, v: true }));
  await within(DOCKER_MS, "The removal of a container", removal).catch(() => {});
  // It removes itself too, as its stdin ended: whoever comes second is refused while the first is at it.
  await until(STOP_MS, POLL_MS, () => isGone(container)).catch(() => {});
}

// --- internal ---

const PROJECT_FILE: SandboxFile = {
  path: `${PROJECT}/package.json`,
  text: `${JSON.stringify({ name: "webapp", version: "0.1.0", private: true }, null, 2)}\n`,
  mode: 0o644,
};

function isGone(container: Docker.Container): Promise<boolean> {
  return container.inspect().then(
    () => false,
    (error: unknown) => dockerStatus(error) === 404,
  );
}

class RunningSandbox implements Sandbox {
  readonly initPid: number;
  readonly environment: Environment;
  readonly #stack: AsyncDisposableStack;
  readonly #container: Docker.Container;
  readonly #processes: ContainerProcesses;
  readonly #request: SandboxRequest;
  #installed: Promise<InstalledPackage | NotInstalled> | null = null;

  constructor(
    stack: AsyncDisposableStack,
    container: Docker.Container,
    processes: ContainerProcesses,
    request: SandboxRequest,
    facts: { initPid: number; environment: Environment },
  ) {
    this.#stack = stack;
    this.#container = container;
    this.#processes = processes;
    this.#request = request;
    this.initPid = facts.initPid;
    this.environment = facts.environment;
  }

  installCommand(): PhaseCommand {
    return installCommand(this.#request.package, this.#request.version);
  }

  async commands(phase: "import" | "bin"): Promise<PhaseCommand[] | NotInstalled> {
    this.#installed ??= readInstalled(this.#container, this.#request);
    const installed = await this.#installed;
    if ("notInstalled" in installed) return installed;
    return phase === "import" ? importCommands(installed) : binCommands(installed);
  }

  hold(command: PhaseCommand): Promise<Held> {
    return holdCommand(this.#container, this.#processes, command);
  }

  survivors(): number[] {
    return this.#processes.survivors();
  }

  killAll(): Promise<void> {
    return this.#processes.killAll();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** Settings that npm reads from the environment: its registry is the gateway, and the decoy ~/.npmrc is not its own. */
function npmSettings(registry: string): Record<string, string> {
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

/** As the sandbox's user, through its own tar: this also works on a read-only root. */
async function unpack(container: Docker.Container, files: SandboxFile[]): Promise<void> {
  const archive = pack();
  for (const { path, text, mode } of files) {
    archive.entry({ name: path.slice(HOME.length + 1), mode, uid: 1000, gid: 1000, mtime: someTimeAgo() }, text);
  }
  archive.finalize();
  const { code, output } = await runInside(container, ["tar", "-x", "-C", HOME, "-f", "-"], {
    input: await buffer(archive),
  });
  if (code !== 0) throw new FangsError("sandbox_failed", `The project could not be unpacked: ${output.slice(0, 300)}`);
}

/** A home where everything was made in the same second a moment ago is no one's home. */
function someTimeAgo(): Date {
  const days = 5 + Math.random() * 200;
  return new Date(Date.now() - days * 86_400_000);
}

async function readInstalled(
  container: Docker.Container,
  request: SandboxRequest,
): Promise<InstalledPackage | NotInstalled> {
  const file = `${PROJECT}/node_modules/${request.package}/package.json`;
  const { code, output } = await runInside(container, ["head", "-c", String(PACKAGE_JSON_BYTES), "--", file]);
  if (code !== 0) return { notInstalled: `npm left no ${request.package} in node_modules.` };
  const installed = parseInstalled(output);
  if (installed === null)
    return { notInstalled: `The package.json of ${request.package} in node_modules cannot be read.` };
  if (installed.version !== request.version || installed.name !== request.package) {
    const found = `${installed.name}@${installed.version}`.slice(0, 300);
    return { notInstalled: `node_modules has ${found} in place of ${request.package}@${request.version}.` };
  }
  return installed;
}
