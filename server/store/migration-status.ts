/** Which migrations a database has, without changing anything in it. */
import type { Database } from "./database.ts";

export interface MigrationStatus {
  version: number;
  name: string;
  /** `unknown`: a newer fangs applied it. */
  state: "applied" | "pending" | "unknown";
  /** Whether older executables must not use the schema behind it. */
  breaking: boolean;
  /** ms UTC; null: it was not applied. */
  applied_at: number | null;
}

/** All migrations that this binary or the database knows, in order. */
export async function migrationStatus(db: Database): Promise<MigrationStatus[]> {
  const applied = (await tableNames(db)).includes("migration") ? await readApplied(db) : [];
  const known = db.traits.migrations.map(({ version, name, breaking }): MigrationStatus => {
    const row = applied.find((one) => one.version === version);
    const applied_at = row?.applied_at ?? null;
    return { version, name, state: row === undefined ? "pending" : "applied", breaking, applied_at };
  });
  const unknown = applied
    .filter(({ version }) => !known.some((one) => one.version === version))
    .map(({ breaking, ...row }): MigrationStatus => ({ ...row, state: "unknown", breaking: breaking === 1 }));
  return [...known, ...unknown].sort((a, b) => a.version - b.version);
}

/** The tables that there are, without views. */
export async function tableNames(db: Database): Promise<string[]> {
  return (await db.rows<{ name: string }>(db.traits.tables)).map(({ name }) => name);
}

// --- internal ---

interface Applied {
  version: number;
  name: string;
  breaking: number;
  applied_at: number;
}

async function readApplied(db: Database): Promise<Applied[]> {
  return db.rows<Applied>("select version, name, breaking, applied_at from migration order by version");
}
