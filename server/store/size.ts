/** How large the store is. */
import { sql } from "kysely";
import type { Database } from "./open.ts";

/** Bytes by kind: the whole database, and what of it is free to be used again. Neither reads the data. */
export async function storeBytes(db: Database): Promise<{ database: number; free: number }> {
  const { rows } = await sql<{ pages: number; free: number; size: number }>`
    select page_count as pages, freelist_count as free, page_size as size
    from pragma_page_count(), pragma_freelist_count(), pragma_page_size()`.execute(db.query);
  const { pages = 0, free = 0, size = 0 } = rows[0] ?? {};
  return { database: pages * size, free: free * size };
}
