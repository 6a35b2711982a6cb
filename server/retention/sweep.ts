/** Retention as one orchestrator does it for all that share its store. */
import { log } from "../../log/log.ts";
import type { Fence, LeaderWork } from "../leader.ts";
import type { Services } from "../services.ts";
import { createSignal } from "../signal.ts";
import { pruneSegments, sumTraces } from "../store/retention.ts";
import { readSweep, writeSweep } from "../store/sweeps.ts";
import { logBucketFailure } from "../traces/open.ts";
import { type Removed, sweepLeftovers, sweepOrphans } from "./objects.ts";
import { planTraces } from "./plan.ts";

const EVERY_MS = 10 * 60_000;
/** How often all of a bucket is looked through: 10 million objects are 10,000 requests. */
const ORPHANS_EVERY_MS = 86_400_000;
/** Of one transaction: with segments of the usual 15 KB that is 4 MB, at most 64 MiB. */
const BATCH_SEGMENTS = 256;
const BATCH_RUNS = 100;

export const SWEEPS = { traces: "traces", orphans: "orphans" } as const;

type Retaining = Pick<Services, "db" | "traces" | "retention" | "metrics" | "now">;

/** Sweeps again and again until the signal. */
export function retain(services: Services, everyMs: number = EVERY_MS): LeaderWork {
  return async (signal, fence) => {
    while (!signal.aborted) {
      await sweep(services, signal, fence).catch(logBucketFailure);
      await pause(everyMs, signal);
    }
  };
}

/**
 * One sweep: traces by age and size, then objects that nobody needs. It can end anywhere: what is done is done, and the next one goes on.
 *
 * @throws FangsError bucket_unavailable, bucket_refused, once everything else is done
 */
export async function sweep(services: Retaining, signal: AbortSignal, fence: Fence): Promise<void> {
  const { db, traces, metrics } = services;
  await sweepTraces(services, signal, fence);
  const { objects } = traces;
  if (objects !== undefined && !signal.aborted) {
    const task = { db, objects, signal, fence };
    tell(services, await sweepLeftovers(task));
    const { ended_at } = await readSweep(db, SWEEPS.orphans);
    if (services.now() - (ended_at ?? 0) >= ORPHANS_EVERY_MS) {
      const { foreign, ...removed } = await sweepOrphans(task, SWEEPS.orphans, services.now());
      tell(services, removed);
      if (foreign > 0) log.warn(`the bucket has ${foreign} objects of runs that this database does not know`);
    }
  }
  metrics.retention.swept.set(services.now() / 1000);
}

// --- internal ---

const pause = createSignal().wait;

async function sweepTraces(services: Retaining, signal: AbortSignal, fence: Fence): Promise<void> {
  const { db, metrics, retention } = services;
  const now = services.now();
  const done = { runs: 0, bytes: 0 };
  let longest = 0;
  for await (const runs of planTraces(db, retention, now, BATCH_RUNS)) {
    const ids = runs.map(({ id }) => id);
    for (let whole = false; !whole && !signal.aborted;) {
      const began = performance.now();
      const pruned = await db.transaction(async (inner) => {
        await fence(inner);
        return pruneSegments(inner, ids, { now, limit: BATCH_SEGMENTS });
      }, "rows");
      const took = performance.now() - began;
      longest = Math.max(longest, took);
      whole = pruned.whole;
      done.runs += pruned.runs;
      done.bytes += pruned.bytes;
      metrics.retention.removed.inc({ kind: "trace" }, pruned.runs);
      metrics.retention.bytes.inc({ kind: "trace" }, pruned.bytes);
      // Whoever takes runs in has the store to itself at least half of the time.
      await pause(Math.max(1, took), signal);
    }
    if (signal.aborted) return;
  }
  const left = await sumTraces(db);
  await db.transaction(async (inner) => {
    await fence(inner);
    await writeSweep(inner, SWEEPS.traces, { ended_at: now, removed: done.runs, bytes: done.bytes });
  }, "rows");
  metrics.retention.batch.set(longest / 1000);
  metrics.retention.stored.set(left.bytes);
  if (done.runs === 0) return;
  log.info(`retention took the traces of ${done.runs} runs away`, {
    ...{ bytes: done.bytes, left: left.bytes, longest_batch_ms: Math.round(longest) },
  });
}

function tell({ metrics }: Retaining, { objects, bytes }: Removed): void {
  if (objects === 0) return;
  metrics.retention.removed.inc({ kind: "object" }, objects);
  metrics.retention.bytes.inc({ kind: "object" }, bytes);
  log.info(`retention removed ${objects} objects of the bucket that no row stands for`, { bytes });
}
