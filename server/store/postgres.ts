/** The store in Postgres, for any number of orchestrators. What transactions keep from each other: docs/decisions/0030. */
import { Kysely, sql } from "kysely";
import { FangsError } from "../../protocol/errors.ts";
import {
  checkScope,
  PLUGINS,
  type Database,
  NUMBERED,
  type Numbered,
  partsOf,
  type Row,
  rowOf,
  type Scope,
  type Traits,
  type Value,
} from "./database.ts";
import { POSTGRES_MIGRATIONS } from "./migrations.ts";
import { type Broadcast, createBroadcast } from "./postgres-broadcast.ts";
import { connectPostgres, type Connection } from "./postgres-connection.ts";
import { ask, postgresDialect } from "./postgres-dialect.ts";
import { createPool, type Pool, type Session } from "./postgres-pool.ts";
import type { Schema } from "./schema.ts";
import { together } from "./together.ts";

/** Connections of one orchestrator. A step may take longer than Postgres lets a statement take, so that its reason is heard. */
const POOL = { size: 10, stepMs: 70_000, waitMs: 30_000 };

const TRAITS: Traits = {
  name: "postgres",
  migrations: POSTGRES_MIGRATIONS,
  clock: sql<number>`cast(extract(epoch from clock_timestamp()) * 1000 as bigint)`,
  tables: `select table_name as name from information_schema.tables
    where table_schema = current_schema() and table_type = 'BASE TABLE' order by name`,
  skipLocked: "for update skip locked",
  forShare: "for share",
  writesInWith: true,
  sameValue: (parameter) => `md5(value) = md5(${parameter}) and value = ${parameter}`,
};

/** @throws FangsError usage for what is no URL */
export function openPostgres(url: string): Database {
  if (!URL.canParse(url)) {
    throw new FangsError("usage", "The store is not a well-formed URL.", {
      hint: "For example --store postgres://fangs:password@db.example/fangs.",
    });
  }
  const pool = createPool((broken) => connectPostgres(url, { broken }), POOL);
  const query = kysely(pool);
  const broadcast = createBroadcast(
    (events) => connectPostgres(url, events),
    (channel, payload) => sql`select pg_notify(${channel}, ${payload})`.execute(query),
  );
  return {
    ...handle(
      broadcast,
      () => query,
      async (statement, parameters) => {
        const session = await pool.acquire();
        try {
          return await ask(session, statement, parameters);
        } finally {
          session.release();
        }
      },
    ),
    transaction: async (work, scope = "store") => {
      const session = await pool.acquire();
      try {
        return await transact(session, scope, () => work(within(session, broadcast, scope)));
      } finally {
        session.release();
      }
    },
    async alone<R>(scope: Scope, statement: string, parameters?: readonly Value[]) {
      const session = await pool.acquire();
      try {
        const begun = ask(session, `begin; ${BY_INDEX}; ${lockOf(scope)}`);
        const asked = ask<R>(session, statement, parameters);
        // All at once: what failed before makes this a rollback.
        const [, { rows }] = await together(begun, asked, ask(session, "commit"));
        return rows;
      } finally {
        session.release();
      }
    },
    async close() {
      await broadcast.close();
      await pool.close();
    },
  };
}

// --- internal ---

function kysely(place: Pool<Connection> | Session<Connection>): Kysely<Schema> {
  return new Kysely<Schema>({ dialect: postgresDialect(place), plugins: [...PLUGINS] });
}

/**
 * Begin and lock are one message, which is not waited for: Postgres does what comes behind it when it has done it. What
 * went wrong there is told before what follows from it.
 */
async function transact<T>(session: Session<Connection>, scope: Scope, work: () => Promise<T>): Promise<T> {
  const begun = ask(session, `begin; ${lockOf(scope)}`);
  begun.catch(() => {});
  try {
    const value = await work();
    await begun;
    await ask(session, "commit");
    return value;
  } catch (thrown) {
    const first = await begun.then(
      () => thrown,
      (failure: unknown) => failure,
    );
    // Where the connection broke there is nothing to take back, and the reason for it is what should be told.
    await ask(session, "rollback").catch(() => {});
    throw first;
  }
}

function handle(
  broadcast: Broadcast,
  query: () => Kysely<Schema>,
  execute: Execute,
): Omit<Database, "transaction" | "alone" | "close"> {
  return {
    traits: TRAITS,
    get query() {
      return query();
    },
    rows: async <R>(statement: string, parameters?: readonly Value[]) => (await execute<R>(statement, parameters)).rows,
    run: async (statement, parameters) => (await execute(statement, parameters)).changes ?? 0,
    insertMany: (table, rows, onConflict) => insertMany(execute, table, rows, onConflict),
    async numbersOf(table, keys, more) {
      const { key: columns } = NUMBERED[table];
      const numbers = await findNumbers(execute, table, keys);
      const missing = keys.filter((_, i) => numbers[i] === undefined);
      if (missing.length > 0) {
        // In one order, so that two that insert the same do not wait for each other in a circle.
        const sorted = [...new Map(missing.map((key) => [JSON.stringify(key), key])).entries()].sort();
        await insertMany(
          execute,
          table,
          sorted.map(([, key]) => rowOf(columns, key, more)),
          "on conflict do nothing",
        );
        for (const [i, number] of (await findNumbers(execute, table, keys)).entries()) numbers[i] = number;
      }
      return numbers.map((number) => {
        if (number === undefined) throw new Error(`a row of ${table} vanished`);
        return number;
      });
    },
    script: async (text) => void (await execute(text)),
    notify: broadcast.notify,
    listen: broadcast.listen,
  };
}

type Execute = <R>(statement: string, parameters?: readonly unknown[]) => Promise<{ rows: R[]; changes?: number }>;

async function insertMany(execute: Execute, table: string, rows: readonly Row[], onConflict = "") {
  const [first] = rows;
  if (first === undefined) return;
  const columns = Object.keys(first);
  // One array for each column: the statement is the same for any number of rows.
  const arrays = columns.map((column, i) => `$${i + 1}::${typeof first[column] === "number" ? "bigint" : "text"}[]`);
  await execute(
    `insert into ${table} (${columns.join(", ")}) select * from unnest(${arrays.join(", ")}) ${onConflict}`,
    columns.map((column) => rows.map((row) => row[column] ?? null)),
  );
}

async function findNumbers(execute: Execute, table: Numbered, keys: readonly (readonly string[])[]) {
  const { number, key: columns } = NUMBERED[table];
  const arrays = columns.map((_, i) => `$${i + 1}::text[]`);
  const { rows } = await execute<{ i: number; n: number }>(
    `select wanted.i, ${number} as n from unnest(${arrays.join(", ")}) with ordinality as wanted (${columns.join(", ")}, i)
     join ${table} as there on ${columns.map(isSame).join(" and ")}`,
    columns.map((_, at) => keys.map((key) => key[at])),
  );
  const numbers: (number | undefined)[] = keys.map(() => undefined);
  for (const { i, n } of rows) numbers[i - 1] = n;
  return numbers;
}

/** The index of values has their md5: they can be longer than a row of an index may be. */
function isSame(column: string): string {
  const same = `there.${column} = wanted.${column}`;
  return column === "value" ? `md5(there.value) = md5(wanted.value) and ${same}` : same;
}

function within(session: Session<Connection>, broadcast: Broadcast, outer: Scope): Database {
  // Most transactions need no query builder.
  let query: Kysely<Schema> | undefined;
  const inner = handle(
    broadcast,
    () => (query ??= kysely(session)),
    (statement, parameters) => ask(session, statement, parameters),
  );
  const db: Database = Object.assign(inner, {
    async transaction<T>(work: (db: Database) => Promise<T>, scope: Scope = "store"): Promise<T> {
      checkScope(outer, scope);
      return work(db);
    },
    async alone<R>(scope: Scope, statement: string, parameters?: readonly Value[]): Promise<R[]> {
      checkScope(outer, scope);
      return db.rows<R>(statement, parameters);
    },
    close: (): Promise<void> => Promise.reject(new Error("a transaction cannot close its store")),
  });
  return db;
}

/**
 * What Postgres knows of a table that is empty one minute and full the next is always of another minute: it would read
 * the whole queue for each job.
 */
const BY_INDEX = "set local enable_seqscan = off; set local enable_sort = off";

/** The advisory lock that stands for the whole store: "fangs". */
const STORE = 0x66_61_6e_67_73;

/** The statement that begins a transaction: it waits until nothing that overlaps its scope goes on. */
function lockOf(scope: Scope): string {
  if (scope === "store") return `select pg_advisory_xact_lock(${STORE})`;
  const parts = partsOf(scope).map((part) => `pg_advisory_xact_lock(hashtextextended(${literal(part)}, 0))`);
  return `select ${[`pg_advisory_xact_lock_shared(${STORE})`, ...parts].join(", ")}`;
}

/** A text in a statement that takes no parameters, whatever is in it. */
function literal(text: string): string {
  return `convert_from('\\x${Buffer.from(text).toHex()}', 'UTF8')`;
}
