import { FangsError } from "../protocol/errors.ts";

const LIMIT = 32 * 1024 * 1024;

/**
 * The text of a file, or of stdin for `-`.
 *
 * @throws FangsError usage where it cannot be read or has more than 32 MiB
 */
export async function readTextFile(path: string): Promise<string> {
  const file = path === "-" ? Bun.stdin : Bun.file(path);
  let text: string;
  try {
    if (file.size > LIMIT && Number.isFinite(file.size)) throw new Error("it is larger than 32 MiB");
    text = await file.text();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new FangsError("usage", `${path} cannot be read: ${why}.`, { cause });
  }
  return text;
}
