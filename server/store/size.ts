/** How large the store is. */
import { type RawBuilder, sql } from "kysely";
import type { Database } from "./open.ts";

interface Size {
  /** Bytes of the whole database. */
  database: number;
  /** Bytes of it that are free to be used again; Postgres does not tell without reading its tables: 0. */
  free: number;
}

/** Neither reads the data. */
export async function storeBytes(db: Database): Promise<Size> {
  const { rows } = await QUERIES[db.traits.name].execute(db.query);
  const { database = 0, free = 0 } = rows[0] ?? {};
  return { database: Number(database), free: Number(free) };
}

// --- internal ---

const QUERIES: Readonly<Record<Database["traits"]["name"], RawBuilder<Size>>> = {
  sqlite: sql`select page_count * page_size as database, freelist_count * page_size as free
    from pragma_page_count(), pragma_freelist_count(), pragma_page_size()`,
  postgres: sql`select pg_database_size(current_database()) as database, 0 as free`,
};
