/** The migrations that this binary carries. */
import access from "../../migrations/sqlite/0060_access.sql" with { type: "text" };
import controls from "../../migrations/sqlite/0020_controls.sql" with { type: "text" };
import leaders from "../../migrations/sqlite/0030_leaders.sql" with { type: "text" };
import fingerprintsByNumber from "../../migrations/sqlite/0070_fingerprints_by_number.sql" with { type: "text" };
import initial from "../../migrations/sqlite/0001_initial.sql" with { type: "text" };
import notifications from "../../migrations/sqlite/0050_notifications.sql" with { type: "text" };
import triage from "../../migrations/sqlite/0002_triage.sql" with { type: "text" };
import watcher from "../../migrations/sqlite/0040_watcher.sql" with { type: "text" };

export interface Migration {
  version: number;
  name: string;
  sql: string;
  /** Older binaries must not use the schema behind it. A file says so in a line `-- breaking`. */
  breaking: boolean;
}

/** A migration from its file name and text. */
export function migration(file: string, sql: string): Migration {
  const match = /^(\d+)_(.+)\.sql$/.exec(file);
  if (match === null) throw new Error(`${file} is not named <number>_<name>.sql`);
  return { version: Number(match[1]), name: match[2]!, sql, breaking: /^-- breaking$/m.test(sql) };
}

/** In order. Numbers may be left out. */
export const SQLITE_MIGRATIONS: readonly Migration[] = [
  migration("0001_initial.sql", initial),
  migration("0002_triage.sql", triage),
  migration("0020_controls.sql", controls),
  migration("0030_leaders.sql", leaders),
  migration("0040_watcher.sql", watcher),
  migration("0050_notifications.sql", notifications),
  migration("0060_access.sql", access),
  migration("0070_fingerprints_by_number.sql", fingerprintsByNumber),
];
