/** Every moment in the store until which something waits, put right after the clock was set. */
import type { Database } from "./open.ts";

/**
 * Who holds a lease, or waits for a control run, gets the whole time again: nobody can tell how much of it was left. What was
 * to happen later happens after the time that was meant; too early does no harm, so it is moved only where the clock went back.
 *
 * @param moved ms by which the clock was set, negative: back
 */
export async function moveDeadlines(
  db: Database,
  { now, moved, leaseMs, controlMs }: { now: number; moved: number; leaseMs: number; controlMs: number },
): Promise<void> {
  await db.transaction(async ({ query }) => {
    await query
      .updateTable("job")
      .set({ expires_at: now + leaseMs })
      .where("expires_at", "is not", null)
      .execute();
    await query
      .updateTable("run")
      .set({ control_due: now + controlMs })
      .where("state", "=", "controlling")
      .execute();
    if (moved >= 0) return;
    await query
      .updateTable("job")
      .set((eb) => ({ not_before: eb("not_before", "+", moved) }))
      .where("not_before", ">", now)
      .execute();
    await query
      .updateTable("watch")
      .set((eb) => ({ due_at: eb("due_at", "+", moved) }))
      .where("due_at", ">", now)
      .execute();
    await query
      .updateTable("notification")
      .set((eb) => ({ not_before: eb("not_before", "+", moved), lease_until: eb("lease_until", "+", moved) }))
      .where("state", "=", "queued")
      .execute();
  });
}
