import { EXIT } from "../protocol/errors.ts";

/** Where a command's words go and come from; tests hand in one of their own. */
export interface Terminal {
  /** stdout: data, for pipes and programs. */
  out(text: string): void;
  /** stderr: for people. */
  err(text: string): void;
  /** Whether stdout and stderr take colours. */
  colors: { out: boolean; err: boolean };
  env: Readonly<Record<string, string | undefined>>;
  /**
   * Aborted by the first SIGINT or SIGTERM; a second one ends the process at once. A command that throws its
   * reason exits with 130, one that stops in order returns its own exit code.
   */
  interrupted: AbortSignal;
}

/** The terminal of this process. Installs its signal handlers, so call it once. */
export function processTerminal(): Terminal {
  const interruption = new AbortController();
  const interrupt = (): void => {
    if (interruption.signal.aborted) process.exit(EXIT.interrupted);
    interruption.abort();
  };
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  // `fangs run list | head -1`: a reader that went away is no error.
  process.stdout.on("error", (error: Error & { code?: string }) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(EXIT.clean);
  });
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    colors: { out: takesColors(process.stdout), err: takesColors(process.stderr) },
    env: process.env,
    interrupted: interruption.signal,
  };
}

function takesColors(stream: { isTTY?: boolean }): boolean {
  const { NO_COLOR, TERM } = process.env;
  return stream.isTTY === true && !NO_COLOR && TERM !== "dumb";
}
