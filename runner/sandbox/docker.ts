/** The way to the Docker daemon. */
import Docker from "dockerode";
import { FangsError } from "../../protocol/errors.ts";
import { within } from "./deadline.ts";

const DEFAULT_SOCKET = "/var/run/docker.sock";
const PING_MS = 5_000;

/**
 * A client of the daemon behind the socket, which has answered once.
 *
 * @throws FangsError docker_unavailable
 */
export async function connectDocker(socket = DEFAULT_SOCKET): Promise<Docker> {
  const docker = new Docker({ socketPath: socket });
  await checkDocker(docker, socket);
  return docker;
}

/** @throws FangsError docker_unavailable where it does not answer now */
export async function checkDocker(docker: Docker, socket = DEFAULT_SOCKET): Promise<void> {
  try {
    await within(PING_MS, "Docker's answer", docker.ping());
  } catch (cause) {
    throw new FangsError("docker_unavailable", `Docker does not answer at ${socket}.`, {
      cause,
      hint: "Start the Docker daemon, or name its socket with --docker.",
    });
  }
}

/** The HTTP status of a refusal by the daemon; null for any other error. */
export function dockerStatus(thrown: unknown): number | null {
  if (typeof thrown !== "object" || thrown === null || !("statusCode" in thrown)) return null;
  return typeof thrown.statusCode === "number" ? thrown.statusCode : null;
}

/** Does what may be done already: gone (404), in that state (304) and already under way (409) are fine. */
export async function leniently(promise: Promise<unknown>): Promise<void> {
  try {
    await promise;
  } catch (error) {
    if (![304, 404, 409].includes(dockerStatus(error) ?? 0)) throw error;
  }
}

/** Rethrows what Docker or the host refused as a FangsError. */
export function asSandboxFailure(thrown: unknown): never {
  if (thrown instanceof FangsError) throw thrown;
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  throw new FangsError("sandbox_failed", `The sandbox failed: ${reason}`, {
    cause: thrown,
    hint: "See the Docker daemon's log; `docker info` shows whether it is well.",
  });
}
