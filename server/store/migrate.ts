/** Forward-only migrations. Any number of processes may run them at once; each is applied once. */
import { FangsError } from "../../protocol/errors.ts";
import type { Database } from "./database.ts";
import type { Migration } from "./migrations.ts";

/** A migration as the database remembers it. */
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
export async function migrate(
  db: Database,
  migrations: readonly Migration[] = db.traits.migrations,
): Promise<string[]> {
  const applied: string[] = [];
  for (let name = await step(db, migrations); name !== undefined; name = await step(db, migrations)) applied.push(name);
  return applied;
}

/** How many migrations are still to be applied. */
export async function pendingMigrations(
  db: Database,
  migrations: readonly Migration[] = db.traits.migrations,
): Promise<number> {
  return unapplied(await read(db), migrations).length;
}

// --- internal ---

/** Applies the next migration in a transaction of its own. */
async function step(db: Database, migrations: readonly Migration[]): Promise<string | undefined> {
  return db.transaction(async (inner) => {
    await inner.script(
      "create table if not exists migration (version bigint primary key, name text not null, checksum text not null, breaking bigint not null, applied_at bigint not null)",
    );
    const [next] = unapplied(await read(inner), migrations);
    if (next === undefined) return undefined;
    await inner.script(next.sql);
    await inner.run(
      "insert into migration (version, name, checksum, breaking, applied_at) values ($1, $2, $3, $4, $5)",
      [next.version, next.name, checksum(next), next.breaking ? 1 : 0, Date.now()],
    );
    return next.name;
  });
}

async function read(db: Database): Promise<Applied[]> {
  return db.rows<Applied>("select version, name, checksum, breaking from migration order by version");
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
