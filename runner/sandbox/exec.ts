/** Short commands of fangs' own inside a sandbox: as its user, bounded, with a deadline. They belong to no phase. */
import { Writable } from "node:stream";
import type Docker from "dockerode";
import { SANDBOX_USER } from "./container.ts";
import { until, within } from "./deadline.ts";
import { isRunning } from "./processes.ts";

const COMMAND_MS = 5_000;
const OUTPUT_BYTES = 512 * 1024;
const POLL_MS = 10;

/** The exit status (null if it did not end in time) and what it printed on stdout, at most 512 KiB. */
export async function runInside(
  container: Docker.Container,
  argv: string[],
  options: { input?: Uint8Array } = {},
): Promise<{ code: number | null; output: string }> {
  const creation = container.exec({
    Cmd: argv,
    User: SANDBOX_USER,
    WorkingDir: "/",
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
  });
  const exec = await within(COMMAND_MS, "Docker's creation of a command", creation);
  const stream = await within(COMMAND_MS, "Docker's start of a command", exec.start({ hijack: true, stdin: true }));
  const chunks: Buffer[] = [];
  let bytes = 0;
  const keep = new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (bytes < OUTPUT_BYTES) chunks.push(Buffer.from(chunk.subarray(0, OUTPUT_BYTES - bytes)));
      bytes += chunk.length;
      done();
    },
  });
  const ignore = new Writable({ write: (_chunk, _encoding, done) => done() });
  const closed = new Promise<void>((resolve) =>
    stream
      .on("end", resolve)
      .on("close", resolve)
      .on("error", () => resolve()),
  );
  container.modem.demuxStream(stream, keep, ignore);
  stream.end(options.input);
  try {
    const inTime = await within(COMMAND_MS, `The command \`${argv[0]}\``, closed).then(
      () => true,
      () => false,
    );
    // Reading what a package made can take for ever (a pipe): the reader must not stay as a process of the run.
    if (!inTime) await killExec(exec);
    let code: number | null = null;
    await until(COMMAND_MS, POLL_MS, async () => {
      const state = await within(COMMAND_MS, "Docker's answer", exec.inspect());
      code = state.ExitCode;
      return !state.Running;
    });
    return { code, output: Buffer.concat(chunks).toString("utf8") };
  } finally {
    stream.destroy();
  }
}

// --- internal ---

async function killExec(exec: Docker.Exec): Promise<void> {
  const { Pid: pid, Running: running } = await within(COMMAND_MS, "Docker's answer", exec.inspect());
  if (running && isRunning(pid)) process.kill(pid, "SIGKILL");
}
