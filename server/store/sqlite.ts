/** The store in an SQLite file: one connection, one writer. Transactions run one after the other, whatever their scope. */
import { Database as Sqlite, type SQLQueryBindings } from "bun:sqlite";
import { chmodSync, closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { Kysely, sql } from "kysely";
import { FangsError } from "../../protocol/errors.ts";
import {
  checkScope,
  type Database,
  NUMBERED,
  PLUGINS,
  rowOf,
  type Scope,
  type Traits,
  type Value,
} from "./database.ts";
import { createLock, type Lock } from "./lock.ts";
import { SQLITE_MIGRATIONS } from "./migrations.ts";
import type { Schema } from "./schema.ts";
import { bunSqliteDialect } from "./sqlite-dialect.ts";
import { createGroupCommit } from "./sqlite-group.ts";

/** bun:sqlite keeps 20 prepared statements; beyond them each query is prepared anew, which costs ten times the query. */
Sqlite.MAX_QUERY_CACHE_SIZE = 256;

const TRAITS: Traits = {
  name: "sqlite",
  migrations: SQLITE_MIGRATIONS,
  clock: sql<number>`cast(unixepoch('subsec') * 1000 as integer)`,
  tables: "select name from sqlite_master where type = 'table' and name not like 'sqlite_%' order by name",
  // Nobody else writes at the same time.
  skipLocked: "",
  forShare: "",
  writesInWith: false,
  sameValue: (parameter) => `value = ${parameter}`,
};

/** @throws FangsError usage for a URL without a path, database where the file cannot be opened */
export function openSqlite(url: string): Database {
  const raw = openFile(sqlitePath(url));
  const lock = createLock();
  const transact = createGroupCommit(raw, lock);
  const query = kysely(raw, lock);
  const inTransaction = handle(kysely(raw, HELD), raw, async (work) => work());
  /** One step, not between those of somebody's transaction. */
  async function alone<T>(work: () => T): Promise<T> {
    const release = await lock.acquire();
    try {
      return work();
    } finally {
      release();
    }
  }
  return {
    ...handle(query, raw, alone),
    transaction: (work, scope = "store") => transact(() => work(within(inTransaction, scope))),
    alone: <R>(_scope: Scope, statement: string, parameters?: readonly Value[]) =>
      transact(() => inTransaction.rows<R>(statement, parameters)),
    close: () => alone(() => raw.close()),
  };
}

// --- internal ---

/** Whoever is in a transaction has the lock already. */
const HELD: Lock = { acquire: () => Promise.resolve(() => {}) };

function kysely(raw: Sqlite, lock: Lock): Kysely<Schema> {
  return new Kysely<Schema>({ dialect: bunSqliteDialect(raw, lock), plugins: [...PLUGINS] });
}

type Step = <T>(work: () => T) => Promise<T>;

function handle(query: Kysely<Schema>, raw: Sqlite, step: Step): Omit<Database, "transaction" | "alone" | "close"> {
  return {
    traits: TRAITS,
    query,
    rows: <R>(statement: string, parameters: readonly Value[] = []) =>
      step(() => raw.query<R, SQLQueryBindings[]>(numbered(statement)).all(...parameters)),
    run: (statement, parameters = []) =>
      // SQLite has no arrays, so nobody binds one.
      step(() => raw.query<unknown, Value[]>(numbered(statement)).run(...(parameters as Value[])).changes),
    insertMany: (table, rows, onConflict) =>
      step(() => {
        const columns = Object.keys(rows[0] ?? {});
        if (columns.length === 0) return;
        const insert = raw.query<unknown, Value[]>(`${insertInto(table, columns)} ${onConflict ?? ""}`);
        for (const row of rows) insert.run(...columns.map((column) => row[column] ?? null));
      }),
    numbersOf: (table, keys, more) =>
      step(() => {
        const { number, key: columns } = NUMBERED[table];
        const where = columns.map((column) => `${column} = ?`).join(" and ");
        const find = raw.query<{ n: number }, string[]>(`select ${number} as n from ${table} where ${where}`);
        return keys.map((key) => {
          const known = find.get(...key);
          if (known !== null) return known.n;
          const row = rowOf(columns, key, more);
          const insert = raw.query<unknown, Value[]>(insertInto(table, Object.keys(row)));
          return Number(insert.run(...Object.values(row)).lastInsertRowid);
        });
      }),
    script: (text) => step(() => void raw.run(text)),
    // One process has the file: whoever waits is woken in it.
    notify() {},
    listen() {},
  };
}

function insertInto(table: string, columns: readonly string[]): string {
  return `insert into ${table} (${columns.join(", ")}) values (${columns.map(() => "?").join(", ")})`;
}

function within(inTransaction: Omit<Database, "transaction" | "alone" | "close">, outer: Scope): Database {
  const db: Database = {
    ...inTransaction,
    async transaction(work, scope = "store") {
      checkScope(outer, scope);
      return work(db);
    },
    async alone<R>(scope: Scope, statement: string, parameters?: readonly Value[]): Promise<R[]> {
      checkScope(outer, scope);
      return db.rows<R>(statement, parameters);
    },
    close: () => Promise.reject(new Error("a transaction cannot close its store")),
  };
  return db;
}

const numberedCache = new Map<string, string>();

/** SQLite numbers a parameter `$1` by its place; `?1` is the number 1. */
function numbered(statement: string): string {
  let text = numberedCache.get(statement);
  if (text === undefined) numberedCache.set(statement, (text = statement.replaceAll(/\$(\d+)/g, "?$1")));
  return text;
}

/** The path in a `sqlite:` URL, `:memory:` included. */
function sqlitePath(url: string): string {
  const path = url.slice("sqlite:".length);
  if (path !== "") return path;
  throw new FangsError("usage", "The store names no file.", {
    hint: "For example --store sqlite:/var/lib/fangs/fangs.db.",
  });
}

/** A connection with the settings that every user of the file must have. */
function openFile(path: string): Sqlite {
  try {
    if (path !== ":memory:") createPrivate(path);
    const raw = new Sqlite(path, { create: true, readwrite: true, strict: true });
    raw.run("pragma busy_timeout = 10000");
    raw.run("pragma journal_mode = wal");
    // With WAL a power cut can lose the last commits, never the file's consistency.
    raw.run("pragma synchronous = normal");
    raw.run("pragma foreign_keys = on");
    return raw;
  } catch (cause) {
    throw new FangsError(
      "database",
      `The database ${path} cannot be opened: ${cause instanceof Error ? cause.message : cause}.`,
      {
        cause,
        hint: "Check that the directory can be written and that the file is a database of fangs.",
      },
    );
  }
}

function createPrivate(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, "a", 0o600));
  // SQLite gives -wal and -shm the mode of the file itself.
  chmodSync(path, 0o600);
}
