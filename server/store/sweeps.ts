/** How far sweeps have come, so that the next one, here or elsewhere, goes on from there. */
import type { Database } from "./open.ts";

export interface Sweep {
  /** When it was last done to its end; null: it never was. */
  ended_at: number | null;
  /** What that one took away. */
  removed: number;
  bytes: number;
  /** Where an unfinished one goes on; null: at the beginning. */
  after: string | null;
}

export async function readSweep(db: Database, name: string): Promise<Sweep> {
  const row = await db.query
    .selectFrom("sweep")
    .select(["ended_at", "removed", "bytes", "after"])
    .where("name", "=", name)
    .executeTakeFirst();
  return row ?? { ended_at: null, removed: 0, bytes: 0, after: null };
}

export async function writeSweep(db: Database, name: string, sweep: Partial<Sweep>): Promise<void> {
  await db.query
    .insertInto("sweep")
    .values({ name, ended_at: null, removed: 0, bytes: 0, after: null, ...sweep })
    .onConflict((conflict) => conflict.column("name").doUpdateSet(sweep))
    .execute();
}
