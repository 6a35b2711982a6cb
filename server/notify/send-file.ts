/** Messages as lines of a file that a collector follows and rotates. */
import { constants, mkdirSync } from "node:fs";
import { open, realpath } from "node:fs/promises";
import { dirname, join, normalize, relative } from "node:path";
import { FangsError } from "../../protocol/errors.ts";
import { SendError, type Sent, socketError } from "./send-error.ts";

/**
 * Refuses a file that is not below the folder for them.
 *
 * @throws FangsError invalid_body
 */
export function checkFile(path: string, folder: string): void {
  if (isBelow(path, folder)) return;
  throw new FangsError("invalid_body", `${path} is not below ${folder}.`, {
    hint: "Messages are written there only; start the server with another --notify-dir.",
  });
}

/** Whether a path lies below a folder, as it is written. */
export function isBelow(path: string, folder: string): boolean {
  const inside = relative(normalize(folder), normalize(path));
  return inside !== "" && inside !== ".." && !inside.startsWith("../");
}

/**
 * Appends one line and is done: the file is opened anew each time, so whoever rotates it need not tell anybody. It is made 0600. Symbolic
 * links are not followed.
 *
 * @throws SendError for a file that is none, or lies elsewhere
 */
export async function sendFile(path: string, line: string, folder: string): Promise<Sent> {
  if (!isBelow(path, folder)) throw new SendError(`${path} is not below ${folder}.`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  try {
    const real = await realpath(dirname(path));
    if (real !== (await realpath(folder)) && !isBelow(real, await realpath(folder))) {
      throw new SendError(`${path} leads out of ${folder}.`);
    }
    const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = constants;
    // O_NONBLOCK: a FIFO that nobody reads must not hold the server.
    const flags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK;
    await using file = await open(join(real, path.slice(dirname(path).length)), flags, 0o600);
    if (!(await file.stat()).isFile()) throw new SendError(`${path} is no regular file.`);
    const bytes = new TextEncoder().encode(`${line}\n`);
    // One write: lines of several servers do not mix.
    const { bytesWritten } = await file.write(bytes);
    if (bytesWritten < bytes.length) throw new SendError(`${path} took only a part of the line: the disk is full.`);
    await file.datasync();
  } catch (error) {
    if (error instanceof SendError) throw error;
    throw new SendError(socketError(error, path), { cause: error });
  }
  return { status: null, response: null, error: null, retryAfterMs: null };
}
