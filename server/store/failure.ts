/** What a database throws, as an error of fangs. */
import { SQLiteError } from "bun:sqlite";
import postgres from "postgres";
import { FangsError } from "../../protocol/errors.ts";
import { storeFull } from "./full.ts";

/** Errors of the driver, of the socket and of Postgres after which the connection is gone, or was never made. */
const LOST = /^(CONNECT|ECONN|EPIPE|ENOTFOUND|ETIMEDOUT|EHOST|ENET|ENOENT|EAI_|08|57P0|53300|25P03)/;
/** The connection, the bucket, or room on the disk: it comes back. */
const GOES_AWAY: ReadonlySet<string> = new Set([
  "database_unavailable",
  "store_full",
  "bucket_unavailable",
  "bucket_refused",
]);
/** Errors of Postgres that go away by themselves: a deadlock, a statement that took too long, no room for more. */
const PASSING = /^(40|53|55P03|57014)/;

/** Whether an error says that the connection to the database is gone, or was never made. */
export function isConnectionLost(error: unknown): boolean {
  return LOST.test(codeOf(error));
}

/** Whether it goes away without anybody doing something to what was begun: a connection, or room on the disk. */
export function isPassing(thrown: unknown): boolean {
  const code = thrown instanceof FangsError ? thrown.code : storeFailure(thrown)?.code;
  return code !== undefined && GOES_AWAY.has(code);
}

/** What a database threw, as `database_unavailable` where trying again helps, else as `store_full` or `database`; undefined: no database did. */
export function storeFailure(thrown: unknown): FangsError | undefined {
  const full = storeFull(thrown);
  if (full !== undefined) return full;
  if (thrown instanceof FangsError) return thrown.code.startsWith("database") ? thrown : undefined;
  if (thrown instanceof SQLiteError) {
    return new FangsError("database", `The database failed: ${thrown.message}.`, {
      cause: thrown,
      hint: "Check the disk that holds the data directory.",
    });
  }
  if (isConnectionLost(thrown) || (thrown instanceof postgres.PostgresError && PASSING.test(codeOf(thrown)))) {
    return databaseUnavailable(
      `The database does not answer: ${thrown instanceof Error ? thrown.message : thrown}.`,
      thrown,
    );
  }
  if (!(thrown instanceof postgres.PostgresError)) return undefined;
  return new FangsError("database", `The database failed: ${thrown.message}.`, {
    cause: thrown,
    hint: "The log of the server has the whole error.",
  });
}

export function databaseUnavailable(message: string, cause?: unknown): FangsError {
  return new FangsError("database_unavailable", message, {
    cause,
    hint: "Check that it runs and can be reached from the orchestrator. Nothing is lost meanwhile.",
  });
}

// --- internal ---

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}
