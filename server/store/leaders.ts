/** Leases of leadership: one row per task, held until a moment by the database's own clock. */
import { sql } from "kysely";
import type { Database } from "./open.ts";

/** A claim to lead that was granted once, and may have been lost since. */
export interface Leadership {
  name: string;
  holder: string;
  epoch: number;
}

/** Longer than the leases of others, which may be of another length. */
const LONGEST_MS = 60_000;

/** Takes the lead where nobody has it, or whoever had it let it expire; undefined: somebody leads. */
export async function takeLead(
  db: Database,
  { name, holder, ttlMs }: { name: string; holder: string; ttlMs: number },
): Promise<Leadership | undefined> {
  const row = await db.query
    .insertInto("leader")
    .values({ name, holder, epoch: 1, expires_at: after(db, ttlMs) })
    .onConflict((conflict) =>
      conflict
        .column("name")
        .doUpdateSet(({ ref, eb }) => ({
          holder,
          epoch: eb("leader.epoch", "+", 1),
          expires_at: ref("excluded.expires_at"),
        }))
        .where(({ or, eb }) =>
          or([
            eb("leader.expires_at", "<=", db.traits.clock),
            // No lease is that long: the clock was set back, and nobody should wait until it is there again.
            eb("leader.expires_at", ">", after(db, Math.max(2 * ttlMs, LONGEST_MS))),
          ]),
        ),
    )
    .returning("epoch")
    .executeTakeFirst();
  return row && { name, holder, epoch: row.epoch };
}

/** Holds the lead for longer; false: it is lost. */
export async function keepLead(db: Database, lead: Leadership, ttlMs: number): Promise<boolean> {
  const { numUpdatedRows } = await held(db, lead)
    .set({ expires_at: after(db, ttlMs) })
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/**
 * Whether the lead is still held, and stays so until the transaction ends: the row is written to, so whoever would take
 * it waits for that end.
 */
export async function confirmLead(db: Database, lead: Leadership): Promise<boolean> {
  const { numUpdatedRows } = await held(db, lead).set({ holder: lead.holder }).executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Gives the lead back, so that the next need not wait for its expiry. */
export async function leaveLead(db: Database, lead: Leadership): Promise<void> {
  await held(db, lead).set({ expires_at: 0 }).execute();
}

// --- internal ---

function held(db: Database, { name, holder, epoch }: Leadership) {
  return db.query
    .updateTable("leader")
    .where("name", "=", name)
    .where("holder", "=", holder)
    .where("epoch", "=", epoch)
    .where("expires_at", ">", db.traits.clock);
}

function after(db: Database, ms: number) {
  return sql<number>`${db.traits.clock} + ${sql.lit(ms)}`;
}
