/** Kysely on the connections of our pool. */
import {
  CompiledQuery,
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

export function postgresDialect(pool: Pool<Connection>): Dialect {
  return {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new PooledDriver(pool),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  };
}

// --- internal ---

class PooledDriver implements Driver {
  readonly #pool: Pool<Connection>;

  constructor(pool: Pool<Connection>) {
    this.#pool = pool;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<PooledConnection> {
    return new PooledConnection(await this.#pool.acquire());
  }

  async releaseConnection(connection: PooledConnection): Promise<void> {
    connection.session.release();
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw("begin"));
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw("commit"));
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    // Where the connection broke there is nothing to take back, and the reason for it is what should be told.
    await connection.executeQuery(CompiledQuery.raw("rollback")).catch(() => {});
  }

  async destroy(): Promise<void> {}
}

class PooledConnection implements DatabaseConnection {
  readonly session: Session<Connection>;

  constructor(session: Session<Connection>) {
    this.session = session;
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    return this.session.use(async (connection) => {
      const bound = parameters.map(bindable);
      // Without parameters it may be a whole script, which cannot be prepared.
      const options = { prepare: true, simple: bound.length === 0 };
      const result = await connection.unsafe<(R & Record<string, unknown>)[]>(sql, bound, options);
      const changes = /^(INSERT|UPDATE|DELETE)$/.test(result.command ?? "");
      return { rows: [...result], ...(changes ? { numAffectedRows: BigInt(result.count) } : {}) };
    });
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
