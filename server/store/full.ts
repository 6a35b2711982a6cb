/** A disk without room: nothing that was begun is stored, and everything goes on once there is room again. */
import { FangsError } from "../../protocol/errors.ts";

/** SQLite's, those of the file system (quotas included), Postgres's disk_full. */
const CODES: ReadonlySet<string> = new Set(["SQLITE_FULL", "SQLITE_IOERR_SHMSIZE", "ENOSPC", "EDQUOT", "53100"]);

/** What was thrown for want of room, as an error of fangs; undefined: it is something else. */
export function storeFull(thrown: unknown): FangsError | undefined {
  const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
  if (code === "store_full" && thrown instanceof FangsError) return thrown;
  if (typeof code !== "string" || !CODES.has(code)) return undefined;
  return new FangsError("store_full", "There is no room left on the server's disk.", {
    cause: thrown,
    hint: "Make room for the data directory or the database. Nothing is half stored, and runners try again.",
  });
}
