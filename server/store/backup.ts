/** A copy of a whole store, made while it is in use. */
import { closeSync, openSync, rmSync } from "node:fs";
import { FangsError } from "../../protocol/errors.ts";
import type { Database } from "./database.ts";

/**
 * Writes the store, as it is at one moment, into a new file that only its owner can read: an SQLite file, or an archive for
 * `pg_restore`.
 *
 * @throws FangsError usage where the file exists or cannot be made, or pg_dump is missing; database where it fails
 */
export async function backupStore(db: Database, url: string, file: string): Promise<void> {
  createPrivate(file);
  try {
    await BACKUPS[db.traits.name](db, url, file);
  } catch (error) {
    rmSync(file, { force: true });
    throw error;
  }
}

// --- internal ---

const BACKUPS: Record<Database["traits"]["name"], (db: Database, url: string, file: string) => Promise<void>> = {
  // SQLite writes into an empty file, and keeps its mode.
  sqlite: async (db, _url, file) => void (await db.run("vacuum into $1", [file])),
  postgres: async (_db, url, file) => dump(url, file),
};

/** pg_dump: what restores a Postgres is Postgres' own. */
async function dump(url: string, file: string): Promise<void> {
  const program = Bun.which("pg_dump");
  if (program === null) {
    throw new FangsError("usage", "There is no pg_dump on this host.", {
      hint: "Install postgresql-client of the version of the server, or use the backup that your Postgres has anyway.",
    });
  }
  const target = new URL(url);
  // Other users of this host can see arguments.
  const password = decodeURIComponent(target.password);
  target.password = "";
  const child = Bun.spawn([program, "--format=custom", "--no-owner", `--file=${file}`, `--dbname=${target.href}`], {
    env: { ...process.env, ...(password === "" ? {} : { PGPASSWORD: password }) },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  const [said, code] = await Promise.all([child.stderr.text(), child.exited]);
  if (code === 0) return;
  throw new FangsError("database", `pg_dump ended with ${code}: ${said.trim().split("\n")[0] ?? ""}`, {
    hint: "It must be as new as the server, and the user must be allowed to read all tables.",
  });
}

function createPrivate(file: string): void {
  try {
    closeSync(openSync(file, "wx", 0o600));
  } catch (cause) {
    throw new FangsError(
      "usage",
      `The file ${file} cannot be made: ${cause instanceof Error ? cause.message : cause}.`,
      {
        cause,
        hint: "Name a file that does not exist yet.",
      },
    );
  }
}
