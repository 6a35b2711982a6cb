/** Where sandboxes are made: Docker, the image, and this runner's own network. One per runner process. */
import { join } from "node:path";
import { within } from "./deadline.ts";
import { asSandboxFailure, checkDocker, connectDocker } from "./docker.ts";
import { DEFAULT_IMAGE, findImage } from "./image.ts";
import { type NetworkOptions, openNetwork } from "./network.ts";
import { ownOwner } from "./owner.ts";
import { reapLeftovers } from "./reap.ts";
import type { RegistrySource } from "./registry-source.ts";
import { type Sandbox, type SandboxRequest, startSandbox } from "./sandbox.ts";
import { openTarballCache } from "./tarball-cache.ts";

export type { Held, PhaseEnd } from "./barrier.ts";
export type { PhaseCommand } from "./phases.ts";
export type { RegistrySource } from "./registry-source.ts";
export type { Sandbox, SandboxRequest } from "./sandbox.ts";

export interface SandboxHostOptions {
  /** Path of Docker's socket; absent: its usual place. */
  docker?: string;
  /** Absent: the image that `fangs image build` makes. */
  image?: string;
  /** Tarballs are kept below it. */
  stateDir: string;
  registry: RegistrySource;
  /** Name of the runner: letters, digits, `.`, `_` and `-`. */
  runner: string;
  /** Told of each connection that ended in the sinkhole. */
  sinkholed?: NonNullable<NetworkOptions["sinkholed"]>;
}

export interface SandboxHost extends AsyncDisposable {
  /** Id of the image, a digest. */
  readonly image: string;
  readonly nodeVersion: string;
  readonly npmVersion: string;
  /**
   * Whether a run could be done now.
   *
   * @throws FangsError docker_unavailable; sandbox_failed where the network is not closed off any more
   */
  check(): Promise<void>;
  start(request: SandboxRequest): Promise<Sandbox>;
}

const REAP_MS = 60_000;

/**
 * Checks Docker and the image, clears what dead runners left, and sets up the network.
 *
 * @throws FangsError docker_unavailable, image_missing, sandbox_failed, address_in_use
 */
export async function openSandboxHost(options: SandboxHostOptions): Promise<SandboxHost> {
  const docker = await connectDocker(options.docker);
  const image = await findImage(docker, options.image ?? DEFAULT_IMAGE);
  await within(REAP_MS, "The removal of leftovers", reapLeftovers(docker));

  const owner = ownOwner(options.runner);
  const tarballs = await openTarballCache(join(options.stateDir, "tarballs"), options.registry);
  const { registry, sinkholed = () => {} } = options;
  const network = await openNetwork({ docker, owner, registry, tarballs, sinkholed }).catch(asSandboxFailure);
  const running = new Set<Sandbox>();
  return {
    image: image.id,
    nodeVersion: image.node,
    npmVersion: image.npm,
    async check() {
      await checkDocker(docker, options.docker);
      await network.check();
    },
    async start(request) {
      await network.check();
      const place = { docker, image: image.id, owner, network };
      const sandbox = await startSandbox(place, request, () => running.delete(sandbox)).catch(asSandboxFailure);
      running.add(sandbox);
      return sandbox;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...running].map((sandbox) => sandbox[Symbol.asyncDispose]()));
      await network[Symbol.asyncDispose]();
    },
  };
}
