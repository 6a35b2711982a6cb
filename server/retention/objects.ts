/**
 * Objects of the bucket that no row stands for: of runs whose rows went, and what a crash left between the object and its row.
 *
 * Only objects of runs that are known to have ended are taken, or of those that were deleted here: nobody writes to them any more. Those
 * of runs that this database never had belong to another one, and stay.
 */
import { isFinal } from "../run-state.ts";
import type { Database } from "../store/open.ts";
import { listLeftovers, runStates, segmentsOfRuns } from "../store/leftovers.ts";
import { readSweep, writeSweep } from "../store/sweeps.ts";
import type { TraceObject, TraceObjects } from "../traces/traces.ts";
import type { Fence } from "../leader.ts";

export interface Removed {
  objects: number;
  bytes: number;
}

interface Task {
  db: Database;
  objects: TraceObjects;
  signal: AbortSignal;
  fence: Fence;
}

/** Longer than any lease, and than clocks differ. */
const YOUNG_MS = 3_600_000;
const RUNS_AT_ONCE = 100;

/** Removes what runs left whose rows went. One that is done again keeps it until it has ended. */
export async function sweepLeftovers({ db, objects, signal, fence }: Task): Promise<Removed> {
  const removed: Removed = { objects: 0, bytes: 0 };
  let after = "";
  while (!signal.aborted) {
    const runs = await listLeftovers(db, after, RUNS_AT_ONCE);
    const last = runs.at(-1);
    if (last === undefined) break;
    after = last;
    const states = await runStates(db, runs);
    for (const run of runs) {
      const state = states.get(run);
      if (state !== undefined && !isFinal(state)) continue;
      for (let key: string | undefined; !signal.aborted;) {
        const found = await objects.list({ run, ...(key === undefined ? {} : { after: key }) });
        await take(objects, await withoutRow(db, found), removed);
        key = found.at(-1)?.key;
        if (key !== undefined) continue;
        await db.transaction(async (inner) => {
          await fence(inner);
          await inner.query.deleteFrom("trace_leftover").where("run_id", "=", run).execute();
        }, "rows");
        break;
      }
    }
  }
  return removed;
}

/** Goes through the whole bucket, from where the last time ended if that was not its end; answers how many objects are nobody's here. */
export async function sweepOrphans(
  { db, objects, signal, fence }: Task,
  name: string,
  now: number,
): Promise<Removed & { foreign: number }> {
  const removed: Removed = { objects: 0, bytes: 0 };
  let { after } = await readSweep(db, name);
  let foreign = 0;
  while (!signal.aborted) {
    const found = await objects.list(after === null ? {} : { after });
    const last = found.at(-1);
    if (last === undefined) {
      await save(db, fence, name, { after: null, ended_at: now, removed: removed.objects, bytes: removed.bytes });
      break;
    }
    const states = await runStates(db, runsOf(found));
    const known = found.filter(({ segment }) => segment !== undefined && states.has(segment.run_id));
    foreign += found.length - known.length;
    const settled = known.filter(({ segment, modified }) => {
      const state = segment === undefined ? undefined : states.get(segment.run_id);
      return state !== undefined && isFinal(state) && modified < now - YOUNG_MS;
    });
    await take(objects, await withoutRow(db, settled), removed);
    after = last.key;
    await save(db, fence, name, { after });
  }
  return { ...removed, foreign };
}

// --- internal ---

async function take(objects: TraceObjects, some: readonly TraceObject[], removed: Removed): Promise<void> {
  await objects.remove(some);
  removed.objects += some.length;
  removed.bytes += some.reduce((sum, { size }) => sum + size, 0);
}

async function withoutRow(db: Database, found: readonly TraceObject[]): Promise<TraceObject[]> {
  const rows = await segmentsOfRuns(db, runsOf(found));
  const kept = new Set(rows.map(({ run_id, seq, sha256 }) => `${run_id}/${seq}-${sha256}`));
  return found.filter(
    ({ segment }) => segment !== undefined && !kept.has(`${segment.run_id}/${segment.seq}-${segment.sha256}`),
  );
}

function runsOf(found: readonly TraceObject[]): string[] {
  return [...new Set(found.flatMap(({ segment }) => (segment === undefined ? [] : [segment.run_id])))];
}

async function save(db: Database, fence: Fence, name: string, sweep: Parameters<typeof writeSweep>[2]): Promise<void> {
  await db.transaction(async (inner) => {
    await fence(inner);
    await writeSweep(inner, name, sweep);
  }, "rows");
}
