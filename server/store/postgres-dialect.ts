/** Kysely on the connections of our pool, or on the one of a transaction. */
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from "kysely";
import type { Value } from "./database.ts";
import type { Connection } from "./postgres-connection.ts";
import type { Pool, Session } from "./postgres-pool.ts";

/** @param place where connections come from; the session of a transaction is used and not given back */
export function postgresDialect(place: Pool<Connection> | Session<Connection>): Dialect {
  const acquire = "acquire" in place ? () => place.acquire() : () => Promise.resolve({ ...place, release() {} });
  return {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new SessionDriver(acquire),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  };
}

/** Does a statement; of one that changes rows, how many. */
export async function ask<R>(
  session: Session<Connection>,
  sql: string,
  parameters: readonly unknown[] = [],
): Promise<{ rows: R[]; changes?: number }> {
  return session.use(async (connection) => {
    const bound = parameters.map(bindable);
    // Without parameters it may be a whole script, which cannot be prepared.
    const options = { prepare: true, simple: bound.length === 0 };
    const result = await connection.unsafe<(R & Record<string, unknown>)[]>(sql, bound, options);
    const isChange = /^(INSERT|UPDATE|DELETE)$/.test(result.command ?? "");
    return { rows: [...result], ...(isChange ? { changes: result.count } : {}) };
  });
}

// --- internal ---

class SessionDriver implements Driver {
  readonly #acquire: () => Promise<Session<Connection>>;

  constructor(acquire: () => Promise<Session<Connection>>) {
    this.#acquire = acquire;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<SessionConnection> {
    return new SessionConnection(await this.#acquire());
  }

  async releaseConnection(connection: SessionConnection): Promise<void> {
    connection.session.release();
  }

  beginTransaction(): Promise<void> {
    return Promise.reject(new Error("transactions are those of the store"));
  }

  commitTransaction(): Promise<void> {
    return this.beginTransaction();
  }

  rollbackTransaction(): Promise<void> {
    return this.beginTransaction();
  }

  async destroy(): Promise<void> {}
}

class SessionConnection implements DatabaseConnection {
  readonly session: Session<Connection>;

  constructor(session: Session<Connection>) {
    this.session = session;
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const { rows, changes } = await ask<R>(this.session, sql, parameters);
    return { rows, ...(changes === undefined ? {} : { numAffectedRows: BigInt(changes) }) };
  }

  streamQuery(): never {
    throw new Error("queries are not streamed");
  }
}

type Bindable = Value | Value[];

function bindable(value: unknown): Bindable {
  if (Array.isArray(value)) return value.map(scalar);
  return scalar(value);
}

function scalar(value: unknown): Value {
  if (value === null || typeof value === "string" || typeof value === "number" || value instanceof Uint8Array)
    return value;
  throw new TypeError(`a ${typeof value} cannot be bound to a statement`);
}
