/** Short administrative commands on the host. */
import { FangsError } from "../../protocol/errors.ts";

const COMMAND_MS = 10_000;

interface CommandOptions {
  input?: Uint8Array | string;
  ms?: number;
  directory?: string;
}

/**
 * What the command prints.
 *
 * @throws FangsError sandbox_failed if it is missing, fails or takes too long
 */
export async function run(command: string[], options: CommandOptions = {}): Promise<string> {
  return new TextDecoder().decode(await runForBytes(command, options));
}

/** The same for commands that print no text. */
export async function runForBytes(command: string[], options: CommandOptions = {}): Promise<Uint8Array> {
  if (Bun.which(command[0] ?? "") === null) {
    throw new FangsError("sandbox_failed", `The program ${command[0]} is missing.`, {
      hint: "Install it; the sandbox's network needs iptables and iproute2, its image tar, and apt or node and npm.",
    });
  }
  const process = Bun.spawn(command, {
    stdin: Buffer.from(options.input ?? ""),
    stdout: "pipe",
    stderr: "pipe",
    timeout: options.ms ?? COMMAND_MS,
    killSignal: "SIGKILL",
    ...(options.directory === undefined ? {} : { cwd: options.directory }),
  });
  const [output, complaint, code] = await Promise.all([
    new Response(process.stdout).arrayBuffer(),
    new Response(process.stderr).text(),
    process.exited,
  ]);
  if (code === 0) return new Uint8Array(output);
  const line = command.join(" ").slice(0, 200);
  throw new FangsError("sandbox_failed", `\`${line}\` failed: ${complaint.trim().slice(-500) || `status ${code}`}`, {
    hint: "The runner needs root.",
  });
}
