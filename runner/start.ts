import { join } from "node:path";
import { type NpmConfig, readNpmConfig } from "../npm/config.ts";
import { createRegistryClient, type RegistryClient } from "../npm/registry.ts";
import type { Client } from "../protocol/client.ts";
import { toFangsError } from "../protocol/errors.ts";
import { type Agent, startAgent } from "./agent.ts";
import { openSandboxHost } from "./sandbox/host.ts";
import { buildImage, type SandboxImage } from "./sandbox/image.ts";
import { keptSource } from "./sandbox/kept-source.ts";
import { type RegistrySource, registrySource } from "./sandbox/registry-source.ts";

export interface RunnerOptions {
  client: Client;
  name: string;
  version: string;
  concurrency: number;
  dataDir: string;
  /** Where registries are; npm's own configuration if not given. */
  npm?: NpmConfig;
  /** Stands in for them. */
  registry?: RegistryClient;
  /** Absent: the image that fangs makes. */
  image?: string;
  /** Path of Docker's socket; absent: its usual place. */
  docker?: string;
  /** Make the image if there is none. */
  makeImage: boolean;
  tell: (line: string) => void;
}

/**
 * A runner that works until it is drained.
 *
 * @throws FangsError docker_unavailable, image_missing, sandbox_failed, sensor_unavailable, not_root
 */
export async function startRunner(options: RunnerOptions): Promise<Agent> {
  const published = registrySource(options.registry ?? createRegistryClient(options.npm ?? readNpmConfig()));
  const registry = keptSource(published, options.client);
  const docker = options.docker === undefined ? {} : { docker: options.docker };
  const open = () =>
    openSandboxHost({
      ...(options.image === undefined ? {} : { image: options.image }),
      ...docker,
      stateDir: join(options.dataDir, "runner"),
      registry,
      runner: options.name,
    });
  const host = await open().catch(async (thrown: unknown) => {
    if (!options.makeImage || toFangsError(thrown).code !== "image_missing") throw thrown;
    options.tell("there is no sandbox image yet: making one (about 15 s)");
    // The image comes from the configured registry, wherever the packages under test come from.
    await buildImage({ from: "packages", ...docker, registry: configuredRegistry(), progress: options.tell });
    return open();
  });
  try {
    const agent = await startAgent({ ...options, host });
    return {
      drained: agent.drained,
      async drain(graceMs) {
        await agent.drain(graceMs);
        await host[Symbol.asyncDispose]();
      },
    };
  } catch (thrown) {
    await host[Symbol.asyncDispose]();
    throw thrown;
  }
}

/** Makes the sandbox image; see `fangs image build`. */
export function makeImage(options: {
  from: "packages" | "host";
  tag?: string;
  tell: (line: string) => void;
}): Promise<SandboxImage> {
  const { from, tag, tell } = options;
  return buildImage({ from, ...(tag === undefined ? {} : { tag }), registry: configuredRegistry(), progress: tell });
}

// --- internal ---

function configuredRegistry(): RegistrySource {
  return registrySource(createRegistryClient(readNpmConfig()));
}
