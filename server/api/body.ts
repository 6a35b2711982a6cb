/** Reading a request body with a bound and a deadline. */
import { FangsError } from "../../protocol/errors.ts";

const DEADLINE_MS = 30_000;

/**
 * The body, at most `limit` bytes of it.
 *
 * @throws FangsError body_too_large before reading where the length is declared; body_too_slow; usage for one that breaks off
 */
export async function readBody(request: Request, limit: number, deadlineMs = DEADLINE_MS): Promise<Uint8Array> {
  const header = request.headers.get("content-length");
  const declared = header === null ? Number.POSITIVE_INFINITY : Number(header);
  if (header !== null && declared > limit) throw tooLarge(limit);
  const reader = request.body?.getReader();
  if (reader === undefined) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let total = 0;
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    reader.cancel().catch(() => {});
  }, deadlineMs);
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      total += part.value.length;
      if (total > limit) throw tooLarge(limit);
      chunks.push(part.value);
      // A body ends where it says: to wait for its end takes as long as to read it.
      if (total >= declared) break;
    }
  } catch (cause) {
    await reader.cancel().catch(() => {});
    throw cause instanceof FangsError ? cause : new FangsError("usage", "The body could not be read.", { cause });
  } finally {
    clearTimeout(timer);
  }
  if (late) throw new FangsError("body_too_slow", `The body did not arrive within ${deadlineMs / 1000} seconds.`);
  return chunks.length === 1 ? chunks[0]! : new Uint8Array(Buffer.concat(chunks));
}

// --- internal ---

function tooLarge(limit: number): FangsError {
  return new FangsError("body_too_large", `The body may have ${limit} bytes here.`);
}
