/** Hosts that do the runs, and what they can do. */
import { RunnerRegistration } from "../../protocol/models.ts";
import type { Runner } from "../../protocol/requests.ts";
import { fromJson } from "./json.ts";
import type { Database } from "./open.ts";

/** Registers a runner, or replaces what is known of it. */
export async function putRunner(db: Database, registration: RunnerRegistration, now: number): Promise<Runner> {
  const row = {
    name: registration.name,
    registration: JSON.stringify(registration),
    registered_at: now,
    last_seen: now,
  };
  const { registered_at } = await db.query
    .insertInto("runner")
    .values(row)
    .onConflict((conflict) => conflict.column("name").doUpdateSet({ registration: row.registration, last_seen: now }))
    .returning("registered_at")
    .executeTakeFirstOrThrow();
  return { ...registration, registered_at, last_seen: now };
}

export async function findRunner(db: Database, name: string): Promise<Runner | undefined> {
  const row = await db.query.selectFrom("runner").selectAll().where("name", "=", name).executeTakeFirst();
  return row === undefined ? undefined : fromRow(row);
}

export async function listRunners(db: Database): Promise<Runner[]> {
  return (await db.query.selectFrom("runner").selectAll().orderBy("name").execute()).map(fromRow);
}

/** How many were heard of since a moment, and how many were not. */
export async function countRunners(db: Database, since: number): Promise<{ live: number; silent: number }> {
  const count = async (operator: ">=" | "<"): Promise<number> => {
    const { n } = await db.query
      .selectFrom("runner")
      .select((eb) => eb.fn.countAll<number>().as("n"))
      .where("last_seen", operator, since)
      .executeTakeFirstOrThrow();
    return Number(n);
  };
  return { live: await count(">="), silent: await count("<") };
}

/** Notes that a runner was heard of. */
export async function touchRunner(db: Database, name: string, now: number): Promise<void> {
  await db.query.updateTable("runner").set({ last_seen: now }).where("name", "=", name).execute();
}

// --- internal ---

function fromRow(row: { registration: string; registered_at: number; last_seen: number }): Runner {
  const registration = fromJson(RunnerRegistration, row.registration);
  return { ...registration, registered_at: row.registered_at, last_seen: row.last_seen };
}
