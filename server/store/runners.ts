/** Hosts that do the runs, what they can do, and how they are. */
import { RunnerRegistration } from "../../protocol/models.ts";
import { RunnerLoad } from "../../protocol/queue.ts";
import type { Runner } from "../../protocol/requests.ts";
import { fromJson } from "./json.ts";
import type { Database } from "./open.ts";
import { prepared } from "./prepared.ts";
import type { Schema } from "./schema.ts";

/** Nobody heard of it for this long: it is called lost. */
export const LOST_MS = 60_000;

/** Registers a runner, or replaces what is known of it. One that had stopped is active again. */
export async function putRunner(db: Database, registration: RunnerRegistration, now: number): Promise<Runner> {
  const row = {
    name: registration.name,
    registration: JSON.stringify(registration),
    registered_at: now,
    last_seen: now,
    state: "active" as const,
    waiting_until: 0,
    token: null,
  };
  await db.query
    .insertInto("runner")
    .values(row)
    .onConflict((conflict) => conflict.column("name").doUpdateSet({ registration: row.registration, last_seen: now }))
    .execute();
  await db.query
    .updateTable("runner")
    .set({ state: "active" })
    .where("name", "=", row.name)
    .where("state", "=", "stopped")
    .execute();
  const runner = await findRunner(db, row.name, now);
  if (runner === undefined) throw new Error("a runner went while it was written");
  return runner;
}

export async function findRunner(db: Database, name: string, now: number): Promise<Runner | undefined> {
  const [row] = await runnerByName(db, name);
  return row === undefined ? undefined : fromRow(row, now);
}

/** A runner that asks for a job, the token that its name is bound to, and how many others wait for one. */
export type Asking = Omit<Runner, "held"> & { token: string | null; others: number };

/** A runner that asks for a job, which it does all the time: without what it holds, which takes counting. */
export async function findAsking(db: Database, name: string, now: number): Promise<Asking | undefined> {
  const [row] = await askingByName(db, now, name, name);
  if (row === undefined) return undefined;
  const { held: _, ...runner } = fromRow({ ...row, held: 0 }, now);
  return { ...runner, token: row.token, others: row.others };
}

export async function listRunners(db: Database, now: number): Promise<Runner[]> {
  return (await selectRunners(db.query).orderBy("name").execute()).map((row) => fromRow(row, now));
}

/** How many were heard of since a moment, how many of these say that they can do no run, and how many were not heard of. */
export async function countRunners(
  db: Database,
  since: number,
): Promise<{ live: number; unable: number; silent: number }> {
  const count = { live: 0, unable: 0, silent: 0 };
  for (const { last_seen, registration } of await db.query
    .selectFrom("runner")
    .select(["last_seen", "registration"])
    .execute()) {
    const { trouble } = fromJson(RunnerRegistration, registration);
    count[last_seen < since ? "silent" : trouble === undefined ? "live" : "unable"] += 1;
  }
  return count;
}

/** What a runner said: how loaded it is, and until when it waits for a job. */
interface Heard {
  now: number;
  load?: RunnerLoad | undefined;
  waiting_until?: number;
}

/** Notes that a runner was heard of, and what it said. */
export async function touchRunner(db: Database, name: string, heard: Heard): Promise<void> {
  await db.run(`${HEARD} where name = $4`, [...asValues(heard), name]);
}

/** The same of the runner that holds a run. */
export async function touchRunnerOf(db: Database, runId: string, heard: Heard): Promise<void> {
  await db.run(`${HEARD} where name = (select runner from run where id = $4)`, [...asValues(heard), runId]);
}

/** False: there is no such runner. */
export async function setRunnerState(db: Database, name: string, state: Schema["runner"]["state"]): Promise<boolean> {
  const { numUpdatedRows } = await db.query
    .updateTable("runner")
    .set({ state })
    .where("name", "=", name)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

export async function deleteRunner(db: Database, name: string): Promise<void> {
  await db.query.deleteFrom("runner").where("name", "=", name).execute();
}

/** Names of the active runners that wait for a job now. */
export async function listWaiting(db: Database, now: number): Promise<string[]> {
  return (await waitingAt(db, now)).map(({ name }) => name);
}

// --- internal ---

const SHOWN = ["name", "registration", "registered_at", "last_seen", "state", "load"] as const;

/** What was not said stays as it was. */
const HEARD =
  "update runner set last_seen = $1, load = coalesce($2, load), waiting_until = coalesce($3, waiting_until)";

function asValues({ now, load, waiting_until }: Heard): [number, string | null, number | null] {
  return [now, load === undefined ? null : JSON.stringify(load), waiting_until ?? null];
}

const runnerByName = prepared((query, name: string) => selectRunners(query).where("name", "=", name));
const askingByName = prepared((query, now: number, other: string, name: string) =>
  query
    .selectFrom("runner")
    .select([...SHOWN, "token"])
    .select(({ selectFrom, fn }) =>
      selectFrom("runner as other")
        .select(fn.countAll<number>().as("n"))
        .where("other.state", "=", "active")
        .where("other.waiting_until", ">", now)
        .where("other.name", "!=", other)
        .$asScalar()
        .$notNull()
        .as("others"),
    )
    .where("name", "=", name),
);
const waitingAt = prepared((query, now: number) =>
  query.selectFrom("runner").select("name").where("state", "=", "active").where("waiting_until", ">", now),
);

function selectRunners(query: Database["query"]) {
  return query.selectFrom("runner").select(({ selectFrom, fn }) => [
    ...SHOWN,
    // From the jobs that are held, which are few, and not from the runs that the runner ever did.
    selectFrom("job")
      .select(fn.countAll<number>().as("n"))
      .where("job.expires_at", "is not", null)
      .where(
        (eb) => eb.selectFrom("run").select("run.runner").whereRef("run.id", "=", "job.run_id"),
        "=",
        (eb) => eb.ref("runner.name"),
      )
      .$asScalar()
      .$notNull()
      .as("held"),
  ]);
}

function fromRow(row: Pick<Schema["runner"], (typeof SHOWN)[number]> & { held: number }, now: number): Runner {
  const { registered_at, last_seen, held } = row;
  const isLost = row.state !== "stopped" && now - last_seen > LOST_MS;
  const registration = fromJson(RunnerRegistration, row.registration);
  const isUnable = row.state === "active" && registration.trouble !== undefined;
  return {
    ...registration,
    ...{ registered_at, last_seen, held },
    state: isLost ? "lost" : isUnable ? "unable" : row.state,
    load: row.load === null ? null : fromJson(RunnerLoad, row.load),
  };
}
