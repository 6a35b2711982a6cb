/** The queue: runs that wait for a runner or are held by one. */
import { type Lease, NETWORK_MODES } from "../../protocol/models.ts";
import { newId } from "./ids.ts";
import type { Database } from "./open.ts";
import { prepared } from "./prepared.ts";
import { leaseRun } from "./runs.ts";
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
  return db.transaction(async (inner) => {
    const modes = claim.modes.map((_, i) => `$${i + 6}`).join(", ");
    const [job] = await inner.rows<JobRow>(
      `update job set expires_at = $1 where run_id = (
         select run_id from job
         where expires_at is null and not_before <= $2 and (runner is null or runner = $3)
           and (image is null or image = $4) and (node_major is null or node_major = $5) and network in (${modes})
         order by priority desc, run_id limit 1 ${db.traits.skipLocked}
       ) returning *`,
      [claim.now + claim.leaseMs, claim.now, claim.runner, claim.image, claim.node_major ?? 0, ...claim.modes],
    );
    if (job === undefined) return undefined;
    const lease = newId();
    const run = await leaseRun(inner, job.run_id, { lease, runner: claim.runner, started_at: claim.now });
    if (run === undefined) throw new Error("a job without a queued run");
    return {
      lease,
      run_id: job.run_id,
      ...run,
      network: job.network,
      before: job.before,
      expires_at: claim.now + claim.leaseMs,
    };
  }, "rows");
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

const expired = prepared((query, now: number) =>
  query
    .selectFrom("job")
    .innerJoin("run", "run.id", "job.run_id")
    .select(["job.run_id", "run.attempt", "run.runner"])
    .where("expires_at", "<=", now),
);
