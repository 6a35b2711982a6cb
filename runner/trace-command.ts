import { closeSync, writeSync } from "node:fs";
import { FangsError } from "../protocol/errors.ts";
import type { Finished } from "./sensor/sensor.ts";
import { openSensor } from "./sensor/sensor.ts";

/** Holds the command until the sensor watches it; then the same process becomes the command. */
const BARRIER = ["sh", "-c", 'read -r _ <&3 && exec 3<&- && exec "$@"', "fangs"];
const BARRIER_DESCRIPTOR = 3;

/**
 * Runs a command of this host under the sensor. Its standard output goes to standard error, so that the
 * events have standard output for themselves.
 *
 * @throws FangsError sensor_unavailable, not_root
 */
export async function traceCommand(
  argv: string[],
  onSegment: (segment: Uint8Array) => void,
  signal: AbortSignal,
): Promise<Finished & { exitCode: number }> {
  using sensor = await openSensor();
  const recording = await sensor.record(onSegment, { live: true });
  const child = Bun.spawn([...BARRIER, ...argv], { stdio: ["inherit", 2, "inherit", "pipe"] });
  const barrier = child.stdio[BARRIER_DESCRIPTOR];
  if (typeof barrier !== "number") throw new FangsError("internal", "The command has no barrier.");
  const stop = (): void => child.kill("SIGTERM");
  signal.addEventListener("abort", stop);
  try {
    await recording.arm(child.pid, 1, "install");
    writeSync(barrier, "\n");
    closeSync(barrier);
    const start = performance.now();
    const exitCode = await child.exited;
    await recording.phaseEnd("install", 1, [exitCode, 0, 0, Math.round(performance.now() - start)]);
    return { ...(await recording.finish()), exitCode };
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
