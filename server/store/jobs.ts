/** The queue: runs that wait for a runner or are held by one. */
import { type Lease, NETWORK_MODES } from "../../protocol/models.ts";
import { newId } from "./ids.ts";
import type { Database } from "./open.ts";
import { prepared } from "./prepared.ts";
import type { Value } from "./database.ts";
import { type Held, type HeldRun, leasing } from "./runs.ts";
import type { JobRow } from "./schema.ts";

/** What a job wants of its runner, as its scan has it. */
export type Wants = Pick<JobRow, "runner" | "node_major" | "image">;

export async function insertJob(
  db: Database,
  job: Wants & { run_id: string; before: number | null; not_before: number; priority?: number },
): Promise<void> {
  await db.query
    .insertInto("job")
    .values({ priority: 0, ...job, network: "registry", expires_at: null })
    .execute();
}

/** What a runner is and has. */
export interface Capabilities {
  runner: string;
  modes: readonly string[];
  image: string;
  node_major: number | undefined;
}

/** Whether there is a job that this runner could take now. */
export async function hasJob(db: Database, can: Capabilities, now: number): Promise<boolean> {
  const row = await db.query
    .selectFrom("job")
    .select("run_id")
    .where("expires_at", "is", null)
    .where("not_before", "<=", now)
    .where("network", "in", can.modes.length === 0 ? [] : NETWORK_MODES.filter((mode) => can.modes.includes(mode)))
    .where((eb) => eb.or([eb("runner", "is", null), eb("runner", "=", can.runner)]))
    .where((eb) => eb.or([eb("image", "is", null), eb("image", "=", can.image)]))
    .where((eb) => eb.or([eb("node_major", "is", null), eb("node_major", "=", can.node_major ?? 0)]))
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Takes the next job that this runner may do; undefined: there is none now. */
export async function claimJob(
  db: Database,
  claim: Capabilities & { now: number; leaseMs: number },
): Promise<Lease | undefined> {
  if (claim.modes.length === 0) return undefined;
  const { now, runner, leaseMs } = claim;
  const held = { lease: newId(), runner, started_at: now };
  const job = await (db.traits.writesInWith ? claimAtOnce(db, claim, held) : claimInTurn(db, claim, held));
  if (job === undefined) return undefined;
  const { run_id, network, before, package: name, version, attempt } = job;
  if (name == null || version == null || attempt == null) throw new Error("a job without a queued run");
  return { lease: held.lease, run_id, package: name, version, attempt, network, before, expires_at: now + leaseMs };
}

/** Holds a job until another moment. */
export async function extendJob(db: Database, runId: string, expiresAt: number): Promise<void> {
  await db.run("update job set expires_at = $1 where run_id = $2", [expiresAt, runId]);
}

/** Runs whose lease is over. */
export async function listExpired(
  db: Database,
  now: number,
): Promise<{ run_id: string; attempt: number; runner: string | null }[]> {
  return expired(db, now);
}

/** Frees a job again, not to be claimed before a moment. */
export async function releaseJob(db: Database, runId: string, notBefore: number): Promise<void> {
  await db.query
    .updateTable("job")
    .set({ expires_at: null, not_before: notBefore })
    .where("run_id", "=", runId)
    .execute();
}

export async function deleteJob(db: Database, runId: string): Promise<void> {
  await db.run("delete from job where run_id = $1", [runId]);
}

/** Runs that wait for one runner alone. */
export async function listPinned(db: Database, runner: string): Promise<string[]> {
  const rows = await db.query.selectFrom("job").select("run_id").where("runner", "=", runner).execute();
  return rows.map((row) => row.run_id);
}

/** Ends the leases of a runner. */
export async function expireJobs(db: Database, runner: string, now: number): Promise<void> {
  await db.query
    .updateTable("job")
    .set({ expires_at: now })
    .where("expires_at", "is not", null)
    .where("run_id", "in", ({ selectFrom }) => selectFrom("run").select("id").where("runner", "=", runner))
    .execute();
}

// --- internal ---

type Claim = Capabilities & { now: number; leaseMs: number };
type Claimed = Pick<JobRow, "run_id" | "network" | "before">;

/** The statement that takes a job, and its parameters, the first of which has this number. */
function claiming(db: Database, claim: Claim, first: number): { statement: string; values: Value[] } {
  const { now, leaseMs, runner, image, node_major, modes } = claim;
  const values = [now + leaseMs, now, runner, image, node_major ?? 0, ...modes];
  const [until, due, name, has, major, ...networks] = values.map((_, i) => `$${first + i}`);
  const statement = `update job set expires_at = ${until} where run_id = (
      select run_id from job
      where expires_at is null and not_before <= ${due} and (runner is null or runner = ${name})
        and (image is null or image = ${has}) and (node_major is null or node_major = ${major})
        and network in (${networks.join(", ")})
      order by priority desc, run_id limit 1 ${db.traits.skipLocked}
    ) returning run_id, network, before`;
  return { statement, values };
}

/** Takes a job and its run by one statement. */
async function claimAtOnce(db: Database, claim: Claim, held: Held): Promise<(Claimed & Partial<HeldRun>) | undefined> {
  const run = leasing(held, "(select run_id from claimed)");
  const job = claiming(db, claim, run.values.length + 1);
  const [row] = await db.alone<Claimed & Partial<HeldRun>>(
    "rows",
    `with claimed as (${job.statement}), leased as (${run.statement})
     select claimed.*, leased.* from claimed left join leased on true`,
    [...run.values, ...job.values],
  );
  return row;
}

/** Takes a job, then its run. */
async function claimInTurn(db: Database, claim: Claim, held: Held): Promise<(Claimed & Partial<HeldRun>) | undefined> {
  return db.transaction(async (inner) => {
    const job = claiming(inner, claim, 1);
    const [claimed] = await inner.rows<Claimed>(job.statement, job.values);
    if (claimed === undefined) return undefined;
    const { statement, values } = leasing(held);
    const [run] = await inner.rows<HeldRun>(statement, [...values, claimed.run_id]);
    return { ...claimed, ...run };
  }, "rows");
}

const expired = prepared((query, now: number) =>
  query
    .selectFrom("job")
    .innerJoin("run", "run.id", "job.run_id")
    .select(["job.run_id", "run.attempt", "run.runner"])
    .where("expires_at", "<=", now),
);
