/** One run's container, from its start to its removal. */
import { writeFile } from "node:fs/promises";
import type Docker from "dockerode";
import { checkPackageName, checkVersion } from "../../npm/names.ts";
import { FangsError } from "../../protocol/errors.ts";
import type { Environment } from "../../protocol/models.ts";
import { type Held, holdCommand } from "./barrier.ts";
import { HOME, PROJECT, containerOptions } from "./container.ts";
import { identifyDecoys } from "./decoy-files.ts";
import { makeDecoys } from "./decoys.ts";
import { until, within } from "./deadline.ts";
import { asSandboxFailure, dockerStatus, leniently } from "./docker.ts";
import { runInside } from "./exec.ts";
import type { SandboxNetwork } from "./network.ts";
import { npmSettings, unpackHome } from "./home.ts";
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
  /** Begins to kill them, and what they fork meanwhile, until none is left; gives up after 2 s. */
  killAll(): void;
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
 * Starts the container and fills it; `ended` is told when it goes. Whatever fails, nothing is left behind.
 *
 * @throws FangsError sandbox_failed, invalid_name, invalid_version
 */
export async function startSandbox(place: SandboxPlace, request: SandboxRequest, ended: () => void): Promise<Sandbox> {
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
  // First of all at its end, and whether Docker answers or not: nothing of the package runs on.
  stack.defer(() => processes.end());
  if (connected) {
    const address = state.NetworkSettings.Networks[network.name]?.IPAddress;
    if (!address) throw new FangsError("sandbox_failed", "Docker gave the container no address.");
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
  await unpackHome(container, decoys.files);
  const identified = identifyDecoys(decoys.decoys, `/proc/${state.State.Pid}/root`);

  stack.defer(ended);
  return new RunningSandbox(stack.move(), container, processes, request, {
    initPid: state.State.Pid,
    environment: { project: PROJECT, home: HOME, registry, resolver, decoys: identified },
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

function isGone(container: Docker.Container): Promise<boolean> {
  return within(STOP_MS, "Docker's answer", container.inspect()).then(
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
    return holdCommand(this.#container, this.#processes, command).catch(asSandboxFailure);
  }

  survivors(): number[] {
    return this.#processes.survivors();
  }

  killAll(): void {
    void this.#processes.killAll();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
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
