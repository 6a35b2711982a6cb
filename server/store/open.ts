/** Opening the store. */
import { Database as Sqlite } from "bun:sqlite";
import { chmodSync, closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { Kysely, type RawBuilder, sql } from "kysely";
import { FangsError } from "../../protocol/errors.ts";
import { bunSqliteDialect } from "./dialect.ts";
import { createLock } from "./lock.ts";
import type { Schema } from "./schema.ts";

/** bun:sqlite keeps 20 prepared statements; beyond them each query is prepared anew, which costs ten times the query. */
Sqlite.MAX_QUERY_CACHE_SIZE = 256;

/** The store, or a transaction in it. Within a transaction use only the one handed in: the outer one waits for its end. */
export interface Database {
  readonly query: Kysely<Schema>;
  /** The database's own clock, ms UTC, as a part of a query: the only one that all orchestrators share. */
  readonly clock: RawBuilder<number>;
  /** The hot statements: straight to bun:sqlite, all in one go. */
  hot<T>(work: (raw: Sqlite) => T): Promise<T>;
  /** All of the work or, where it throws, nothing. Inside a transaction it joins that one. */
  transaction<T>(work: (db: Database) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/**
 * Opens `sqlite:<path>` or `sqlite::memory:`, without migrating it. A new file is 0600 in a 0700 directory.
 *
 * @throws FangsError usage for another kind of URL, database where the file cannot be opened
 */
export function openStore(url: string): Database {
  const path = sqlitePath(url);
  const raw = openSqlite(path);
  const lock = createLock();
  const query = new Kysely<Schema>({ dialect: bunSqliteDialect(raw, lock) });
  return {
    query,
    clock: CLOCK,
    async hot(work) {
      const release = await lock.acquire();
      try {
        return work(raw);
      } finally {
        release();
      }
    },
    transaction: (work) => query.transaction().execute((inner) => work(within(inner, raw))),
    async close() {
      const release = await lock.acquire();
      raw.close();
      release();
    },
  };
}

// --- internal ---

const CLOCK = sql<number>`cast(unixepoch('subsec') * 1000 as integer)`;

/** The path in a `sqlite:` URL, `:memory:` included. */
function sqlitePath(url: string): string {
  const path = url.startsWith("sqlite:") ? url.slice("sqlite:".length) : "";
  if (path !== "") return path;
  throw new FangsError("usage", "The store must be given as sqlite:<path>.", {
    hint: "For example --store sqlite:/var/lib/fangs/fangs.db.",
  });
}

/** A connection with the settings that every user of the file must have. */
function openSqlite(path: string): Sqlite {
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

function within(query: Kysely<Schema>, raw: Sqlite): Database {
  const db: Database = {
    query,
    clock: CLOCK,
    hot: async (work) => work(raw),
    transaction: (work) => work(db),
    close: () => Promise.reject(new Error("a transaction cannot close its store")),
  };
  return db;
}
