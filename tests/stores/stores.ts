/**
 * The stores that tests work on. A test of the store does not say which database it is for: its file runs on SQLite by
 * itself, and once more on Postgres by on-postgres.test.ts.
 */
import { join } from "node:path";
import { CompiledQuery, sql } from "kysely";
import { migrate } from "../../server/store/migrate.ts";
import { type Database, openStore } from "../../server/store/open.ts";
import { emptyDatabase as emptyPostgres, migratedDatabase, type TestDatabase } from "./postgres.ts";

/** A migrated store of its own; in memory where the database can. */
export async function newStore(): Promise<Database> {
  const db = keep(await origins[current].migrated());
  await migrate(db);
  return db;
}

/** A store without a schema. */
export async function emptyStore(): Promise<Database> {
  return keep(await origins[current].empty());
}

/** The URL of the store that belongs to a data directory. */
export function storeOf(folder: string): Promise<string> {
  return origins[current].of(folder);
}

/** Forgets the store of a data directory that goes. */
export async function dropStoreOf(folder: string): Promise<void> {
  await byFolder.get(folder)?.[Symbol.asyncDispose]();
  byFolder.delete(folder);
}

/** A database without a schema, which several connections or processes can open: as a file in this folder, or without it. */
export async function emptyDatabase(folder: string): Promise<TestDatabase> {
  return origins[current].file(folder);
}

/** The same with a schema, of a database that is named. */
export function migratedOn(name: keyof typeof origins): Promise<TestDatabase> {
  return origins[name].migrated();
}

/** Tables and views with their columns, and whether these can be null. */
export async function tablesOf(db: Database): Promise<readonly string[]> {
  const rows = await db.rows<{ name: string; column: string; nullable: number }>(origins[db.traits.name].tables);
  return rows.map(({ name, column, nullable }) => `${name}.${column}${nullable === 1 ? "?" : ""}`).sort();
}

/** How a statement is done, by an index wherever there is one for it: one line for each step. */
export async function planOf(
  db: Database,
  statement: string,
  parameters: readonly unknown[] = [],
): Promise<readonly string[]> {
  return origins[db.traits.name].plan(db, statement, parameters);
}

/** Has all stores from now on come from this database. */
export function useStores(name: keyof typeof origins): void {
  current = name;
}

/** Closes what `newStore` and `emptyStore` opened so far. */
export async function closeStores(): Promise<void> {
  await Promise.all(opened.splice(0).map((close) => close()));
}

// --- internal ---

interface Origin {
  migrated(): Promise<TestDatabase>;
  empty(): Promise<TestDatabase>;
  of(folder: string): Promise<string>;
  file(folder: string): Promise<TestDatabase>;
  /** A statement for the name of each table, its column, and whether that can be null. */
  tables: string;
  plan(db: Database, statement: string, parameters: readonly unknown[]): Promise<readonly string[]>;
}

const memory = async (): Promise<TestDatabase> => ({ url: "sqlite::memory:", async [Symbol.asyncDispose]() {} });
const byFolder = new Map<string, TestDatabase>();

const origins = {
  sqlite: {
    migrated: memory,
    empty: memory,
    of: async (folder) => `sqlite:${join(folder, "fangs.db")}`,
    tables: `select m.name, c.name as "column", c."notnull" = 0 and c.pk = 0 as nullable
      from sqlite_master m, pragma_table_info(m.name) c where m.type = 'table'`,
    file: async (folder) => ({ url: `sqlite:${join(folder, "fangs.db")}`, async [Symbol.asyncDispose]() {} }),
    async plan({ query }, statement, parameters) {
      const explain = CompiledQuery.raw(`explain query plan ${statement}`, [...parameters]);
      return (await query.executeQuery<{ detail: string }>(explain)).rows.map((row) => row.detail);
    },
  },
  postgres: {
    migrated: migratedDatabase,
    empty: emptyPostgres,
    async of(folder) {
      let database = byFolder.get(folder);
      if (database === undefined) byFolder.set(folder, (database = await migratedDatabase()));
      return database.url;
    },
    tables: `select table_name as name, column_name as "column", is_nullable = 'YES' as nullable
      from information_schema.columns join information_schema.tables using (table_schema, table_name)
      where table_schema = 'public' and table_type = 'BASE TABLE'`,
    file: emptyPostgres,
    plan: (db, statement, parameters) =>
      db.transaction(async ({ query }) => {
        // The tables of tests are so small that reading them whole is the best plan.
        await sql`set local enable_seqscan = off`.execute(query);
        const explain = CompiledQuery.raw(`explain ${statement}`, [...parameters]);
        return (await query.executeQuery<{ "QUERY PLAN": string }>(explain)).rows.map((row) =>
          row["QUERY PLAN"].trim(),
        );
      }),
  },
} as const satisfies Record<string, Origin>;

let current: keyof typeof origins = "sqlite";
const opened: (() => Promise<void>)[] = [];

function keep(database: TestDatabase): Database {
  const db = openStore(database.url);
  opened.push(async () => {
    await db.close();
    await database[Symbol.asyncDispose]();
  });
  return db;
}
