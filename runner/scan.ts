import { readlinkSync } from "node:fs";
import { toFangsError } from "../protocol/errors.ts";
import type { Environment, Lease, Loss, PhaseResult, RunResult } from "../protocol/models.ts";
import type { PhaseCommand, Sandbox, SandboxHost } from "./sandbox/host.ts";
import type { Recording, Sensor } from "./sensor/sensor.ts";

/** How long who stays alive after the last command is watched. */
const LINGER_MS = 1500;
const LINGER_STEP_MS = 25;
/** The sandbox dies by itself after this, whatever happens to the runner. */
const LIFETIME_MS = 10 * 60_000;
/** Roots of phases have the indexes 1..15; a package with more commands is not run to its end. */
const MOST_COMMANDS = 15;

export interface ScanOptions {
  host: SandboxHost;
  sensor: Sensor;
  lease: Lease;
  /** Segments in order; all are handed out before the scan ends. */
  onSegment: (segment: Uint8Array, seq: number) => void;
  /** Ends the scan early; the result is then of no use to anybody. */
  signal: AbortSignal;
}

/**
 * One scan: a sandbox, the release installed, imported and its bins run under the sensor, and a while of
 * watching who is left. Always answers; what went wrong is the result's reason.
 */
export async function scan(options: ScanOptions): Promise<RunResult> {
  const { host, lease } = options;
  const started_at = Date.now();
  const story: Story = { phases: [], environment: NOWHERE, losses: [], segments: 0, events: 0 };
  let reason: string | null;
  try {
    reason = await tell(story, options);
  } catch (thrown) {
    const error = toFangsError(thrown);
    reason = `${error.message}${error.hint === undefined ? "" : ` (${error.hint})`}`;
  }
  return {
    status: reason === null ? "complete" : "failed",
    reason,
    ...story,
    network: lease.network,
    image: host.image,
    node_version: host.nodeVersion,
    npm_version: host.npmVersion,
    started_at,
    ended_at: Date.now(),
  };
}

// --- internal ---

/** What is known of the scan so far. */
interface Story {
  phases: PhaseResult[];
  environment: Environment;
  losses: Loss[];
  segments: number;
  events: number;
}

/** Stands where no sandbox came to be. */
const NOWHERE: Environment = {
  project: "/",
  home: "/",
  registry: { address: "", port: 0 },
  resolver: { address: "", port: 0 },
  decoys: [],
};

/** Returns why the run can't be compared, null where it can. */
async function tell(story: Story, { host, sensor, lease, onSegment, signal }: ScanOptions): Promise<string | null> {
  signal.throwIfAborted();
  await using sandbox = await host.start({
    runId: lease.run_id,
    package: lease.package,
    version: lease.version,
    network: lease.network,
    before: lease.before,
    lifetimeMs: LIFETIME_MS,
  });
  story.environment = sandbox.environment;
  const recording = await sensor.record((segment, seq) => {
    story.segments = seq + 1; // known even where the sensor does not live to say so
    onSegment(segment, seq);
  });
  const stop = (): void => sandbox.killAll();
  signal.addEventListener("abort", stop);
  try {
    await recording.watchNamespace(pidNamespace(sandbox.initPid));
    const reason = await runPhases(sandbox, recording, story.phases, signal);
    await linger(sandbox, recording, signal);
    return reason;
  } finally {
    signal.removeEventListener("abort", stop);
    Object.assign(story, await recording.finish());
  }
}

async function runPhases(
  sandbox: Sandbox,
  recording: Recording,
  phases: PhaseResult[],
  signal: AbortSignal,
): Promise<string | null> {
  const install = await runCommand(sandbox.installCommand(), sandbox, recording, phases, signal);
  if (install.timed_out) return `The install did not end within ${seconds(install)} s.`;
  if (install.exit_code !== 0) return `The install failed with ${ending(install)}.`;
  for (const phase of ["import", "bin"] as const) {
    const commands = await sandbox.commands(phase);
    if ("notInstalled" in commands) return commands.notInstalled;
    for (const command of commands) {
      if (phases.length === MOST_COMMANDS) return `There are more than ${MOST_COMMANDS} commands to run.`;
      const end = await runCommand(command, sandbox, recording, phases, signal);
      if (end.timed_out) return `${end.label} did not end within ${seconds(end)} s.`;
    }
  }
  return null;
}

async function runCommand(
  command: PhaseCommand,
  sandbox: Sandbox,
  recording: Recording,
  phases: PhaseResult[],
  signal: AbortSignal,
): Promise<PhaseResult> {
  const { phase, label } = command;
  const root = phases.length + 1;
  const held = await sandbox.hold(command);
  signal.throwIfAborted(); // whoever gave up while it was held killed nothing
  await recording.arm(held.pid, root, phase);
  const end = await held.release();
  const result: PhaseResult = { phase, label, root, ...end };
  phases.push(result);
  const values = [end.exit_code ?? -1, 0, end.timed_out ? 1 : 0, end.duration_ms];
  await recording.phaseEnd(phase, root, values);
  return result;
}

/** Waits for the last process to go, and marks who does not. */
async function linger(sandbox: Sandbox, recording: Recording, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + LINGER_MS;
  while (sandbox.survivors().length > 0 && performance.now() < deadline && !signal.aborted) {
    await Bun.sleep(LINGER_STEP_MS);
  }
  await recording.survivors(sandbox.survivors());
}

function pidNamespace(pid: number): number {
  return Number(/\[(\d+)\]/.exec(readlinkSync(`/proc/${pid}/ns/pid`))?.[1]);
}

function seconds(result: PhaseResult): number {
  return Math.round(result.duration_ms / 1000);
}

function ending(result: PhaseResult): string {
  if (result.signal !== null) return result.signal;
  // npm's last line only says where in the sandbox its log lies.
  const said = result.stderr
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.includes("A complete log of this"));
  const last = said.at(-1)?.trim() ?? "";
  return `exit status ${result.exit_code}${last === "" ? "" : `: ${last.slice(0, 200)}`}`;
}
