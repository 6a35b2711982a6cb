/** Forward-only migrations. Any number of processes may run them at once; each is applied once. */
import type { Database as Sqlite } from "bun:sqlite";
import { FangsError } from "../../protocol/errors.ts";
import type { Database } from "./open.ts";
import { type Migration, SQLITE_MIGRATIONS } from "./migrations.ts";

interface Applied {
  version: number;
  name: string;
  checksum: string;
  breaking: number;
}

/**
 * Brings the schema up to what this binary knows; answers with the names it applied.
 *
 * @throws FangsError schema_too_new where a newer binary made a breaking change, database where an applied file was altered
 */
export async function migrate(db: Database, migrations: readonly Migration[] = SQLITE_MIGRATIONS): Promise<string[]> {
  return db.hot((raw) => {
    const applied: string[] = [];
    for (let name = step(raw, migrations); name !== undefined; name = step(raw, migrations)) applied.push(name);
    return applied;
  });
}

/** How many migrations are still to be applied. */
export async function pendingMigrations(
  db: Database,
  migrations: readonly Migration[] = SQLITE_MIGRATIONS,
): Promise<number> {
  return db.hot((raw) => unapplied(read(raw), migrations).length);
}

// --- internal ---

/**
 * Applies the next migration in a transaction of its own. Synchronous on purpose: the write lock of another process is
 * waited for inside SQLite, so nothing else of this process may hold one meanwhile.
 */
function step(raw: Sqlite, migrations: readonly Migration[]): string | undefined {
  return raw
    .transaction(() => {
      raw.run(
        "create table if not exists migration (version integer primary key, name text not null, checksum text not null, breaking integer not null, applied_at integer not null)",
      );
      const [next] = unapplied(read(raw), migrations);
      if (next === undefined) return undefined;
      raw.run(next.sql);
      raw
        .query("insert into migration (version, name, checksum, breaking, applied_at) values (?, ?, ?, ?, ?)")
        .run(next.version, next.name, checksum(next), next.breaking ? 1 : 0, Date.now());
      return next.name;
    })
    .immediate();
}

function read(raw: Sqlite): Applied[] {
  return raw.query<Applied, []>("select version, name, checksum, breaking from migration order by version").all();
}

/** Compares what was applied with what is known; answers with the known ones that are not, in order. Numbers may have gaps. */
function unapplied(applied: Applied[], migrations: readonly Migration[]): Migration[] {
  const newest = migrations.at(-1)?.version ?? 0;
  for (const row of applied) {
    const known = migrations.find((migration) => migration.version === row.version);
    if (known === undefined && row.version > newest && row.breaking === 1) {
      throw new FangsError(
        "schema_too_new",
        `The database has migration ${row.version} (${row.name}), which this fangs does not know.`,
        {
          hint: "Start the fangs that made it, or a newer one; a backup from before it works with this one.",
        },
      );
    }
    if (known !== undefined && known.breaking === (row.breaking === 1) && checksum(known) === row.checksum) continue;
    if (known === undefined && row.version > newest) continue;
    throw new FangsError(
      "database",
      `Migration ${row.version} (${row.name}) is not the one that was applied to this database.`,
      {
        hint: "The database was made by an altered fangs; use an unaltered release.",
      },
    );
  }
  const versions = new Set(applied.map((row) => row.version));
  return migrations.filter((migration) => !versions.has(migration.version));
}

function checksum(migration: Migration): string {
  return new Bun.CryptoHasher("sha256").update(migration.sql).digest("hex");
}
