/** Kysely on bun:sqlite: one connection, handed out to one query at a time. */
import type { Database as Sqlite, SQLQueryBindings } from "bun:sqlite";
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import type { Lock } from "./lock.ts";

/** The dialect; the lock is shared with the statements that go past Kysely, so that none slips into a transaction. */
export function bunSqliteDialect(raw: Sqlite, lock: Lock): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new BunSqliteDriver(raw, lock),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

// --- internal ---

class BunSqliteDriver implements Driver {
  readonly #connection: DatabaseConnection;
  readonly #lock: Lock;
  #release = (): void => {};

  constructor(raw: Sqlite, lock: Lock) {
    this.#lock = lock;
    this.#connection = {
      executeQuery: async <R>(query: CompiledQuery): Promise<QueryResult<R>> => {
        const statement = raw.query<R, SQLQueryBindings[]>(query.sql);
        const parameters = query.parameters.map(binding);
        if (statement.columnNames.length > 0) return { rows: statement.all(...parameters) };
        return { rows: [], numAffectedRows: BigInt(statement.run(...parameters).changes) };
      },
      streamQuery() {
        throw new Error("bun:sqlite has no streamed queries");
      },
    };
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    this.#release = await this.#lock.acquire();
    return this.#connection;
  }

  async releaseConnection(): Promise<void> {
    this.#release();
  }

  beginTransaction(): Promise<void> {
    return Promise.reject(new Error("transactions are those of the store, which commit in groups"));
  }

  commitTransaction(): Promise<void> {
    return this.beginTransaction();
  }

  rollbackTransaction(): Promise<void> {
    return this.beginTransaction();
  }

  async destroy(): Promise<void> {}
}

function binding(value: unknown): SQLQueryBindings {
  if (value === null || typeof value === "string" || typeof value === "number" || value instanceof Uint8Array)
    return value;
  throw new TypeError(`a ${typeof value} cannot be bound to a statement`);
}
