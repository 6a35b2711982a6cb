/** One command of a phase: held at a barrier until the sensor is armed, then let go and waited for. */
import { constants } from "node:os";
import { Writable } from "node:stream";
import type { Duplex } from "node:stream";
import type Docker from "dockerode";
import { FangsError } from "../../protocol/errors.ts";
import { PROJECT, SANDBOX_USER } from "./container.ts";
import { until, within } from "./deadline.ts";
import { asSandboxFailure } from "./docker.ts";
import { BoundedOutput } from "./output.ts";
import type { PhaseCommand } from "./phases.ts";
import { type ContainerProcesses, isRunning } from "./processes.ts";

/** How one command ended. Docker tells death by signal n as status 128 + n; an exit with that status looks the same. */
export interface PhaseEnd {
  exit_code: number | null;
  signal: string | null;
  timed_out: boolean;
  duration_ms: number;
  /** At most 64 KiB each; what was beyond is counted in the last line. */
  stdout: string;
  stderr: string;
}

export interface Held {
  /** Host pid of the barrier, which becomes the command itself. */
  readonly pid: number;
  /** Lets it go, once, and waits for its end or its time-out. */
  release(): Promise<PhaseEnd>;
}

/** The shell waits for one line and then becomes the command, with the same pid and an empty stdin. */
const BARRIER = 'echo READY && read -r _ && exec "$@" </dev/null';
const READY = "READY\n";
const READY_MS = 20_000;
const DOCKER_MS = 10_000;
const POLL_MS = 15;
/** A child that outlives the command can hold its output open: then what came until now is all. */
const OUTPUT_MS = 300;

/** Starts the barrier of a command in the container. Throws FangsError sandbox_failed if it does not get ready. */
export async function holdCommand(
  container: Docker.Container,
  processes: ContainerProcesses,
  command: PhaseCommand,
): Promise<Held> {
  const creation = container.exec({
    Cmd: ["sh", "-c", BARRIER, "sh", ...command.argv],
    User: SANDBOX_USER,
    WorkingDir: PROJECT,
    Env: Object.entries(command.env ?? {}).map(([name, value]) => `${name}=${value}`),
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
  });
  const exec = await within(DOCKER_MS, "Docker's creation of a command", creation);
  const stream = await within(DOCKER_MS, "Docker's start of a command", exec.start({ hijack: true, stdin: true }));
  const output = collect(container, stream);
  if (!(await until(READY_MS, POLL_MS, () => output.ready()))) {
    throw new FangsError("sandbox_failed", `The command \`${command.label}\` could not be started.`);
  }
  const pid = await pidOf(exec, command.label);

  return {
    pid,
    async release() {
      const started = performance.now();
      stream.write("\n");
      const ended = await until(command.timeoutMs, POLL_MS, () => !isRunning(pid));
      const duration_ms = Math.round(performance.now() - started);
      if (!ended) await processes.killAll();
      await until(OUTPUT_MS, POLL_MS, () => output.closed());
      const status = await exitStatus(exec).catch(asSandboxFailure);
      stream.destroy();
      return { ...status, timed_out: !ended, duration_ms, stdout: output.stdout.text(), stderr: output.stderr.text() };
    },
  };
}

// --- internal ---

/** Docker learns the pid of an exec a little after it runs (seen under load), and says 0 until then. */
async function pidOf(exec: Docker.Exec, label: string): Promise<number> {
  let pid = 0;
  const known = await until(DOCKER_MS, POLL_MS, async () => {
    pid = (await within(DOCKER_MS, "Docker's answer", exec.inspect())).Pid;
    return pid > 0;
  });
  if (known) return pid;
  throw new FangsError("sandbox_failed", `Docker does not say which process the command \`${label}\` is.`);
}

/** Both outputs of the command; the line of the barrier is not part of them. */
function collect(container: Docker.Container, stream: Duplex) {
  const stdout = new BoundedOutput();
  const stderr = new BoundedOutput();
  let preamble: string | null = "";
  let closed = false;
  const toStdout = sink((chunk) => {
    if (preamble === null) return stdout.write(chunk);
    preamble += chunk.toString("latin1");
    if (preamble.startsWith(READY)) preamble = null;
  });
  const close = () => void (closed = true);
  stream.on("end", close).on("close", close).on("error", close);
  container.modem.demuxStream(
    stream,
    toStdout,
    sink((chunk) => stderr.write(chunk)),
  );
  return { stdout, stderr, ready: () => preamble === null, closed: () => closed };
}

function sink(write: (chunk: Buffer) => void): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      write(chunk);
      done();
    },
  });
}

/** Docker learns of the end a little after the kernel. */
async function exitStatus(exec: Docker.Exec): Promise<{ exit_code: number | null; signal: string | null }> {
  let code: number | null = null;
  const known = await until(DOCKER_MS, POLL_MS, async () => {
    const state = await within(DOCKER_MS, "Docker's answer", exec.inspect());
    code = state.ExitCode;
    return !state.Running;
  });
  if (!known || code === null) return { exit_code: null, signal: null };
  const signal = signalName(code - 128);
  return { exit_code: signal === null ? code : null, signal };
}

function signalName(number: number): string | null {
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? null;
}
