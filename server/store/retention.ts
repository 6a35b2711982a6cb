/** What retention asks of the store: the oldest traces, how much all of them are, and taking some away. */
import type { Database } from "./open.ts";

/** A run that has ended, with a trace. */
export interface PrunableRun {
  id: string;
  trace_bytes: number;
}

/** Which of them: the oldest first, behind one, and no more than so many. */
export interface PrunableQuery {
  /** Ended before; ms UTC. Absent: whenever. */
  endedBefore?: number;
  /** Not before; ms UTC. */
  endedSince?: number;
  /** Only those with deviations that nobody has decided about, or only the others. */
  undecided?: boolean;
  after: string;
  limit: number;
}

/** How many runs have a trace, and what all traces have in bytes, by an index of nothing else. */
export async function sumTraces(db: Database): Promise<{ runs: number; bytes: number }> {
  const [row] = await db.rows<{ runs: number; bytes: number | string }>(
    "select count(*) as runs, coalesce(sum(trace_bytes), 0) as bytes from run where trace_bytes > 0",
  );
  return { runs: Number(row?.runs ?? 0), bytes: Number(row?.bytes ?? 0) };
}

/** Only runs that have ended for good: nothing that is still to be analysed is among them. */
export async function listPrunable(db: Database, query: PrunableQuery): Promise<PrunableRun[]> {
  const { endedBefore, endedSince, undecided, after, limit } = query;
  const parameters: (string | number)[] = [after, limit];
  const place = (value: string | number): string => `$${parameters.push(value)}`;
  const ended = "coalesce(ended_at, created_at)";
  const open = "exists (select 1 from deviation where deviation.run_id = run.id and deviation.state = 'open')";
  const conditions = [
    "trace_bytes > 0",
    "id > $1",
    "state in ('done', 'failed', 'cancelled')",
    // A run ends after it was made, and its id begins with when that was: so the index ends the search.
    ...(endedBefore === undefined ? [] : [`id < ${place(idAt(endedBefore))}`, `${ended} < ${place(endedBefore)}`]),
    ...(endedSince === undefined ? [] : [`${ended} >= ${place(endedSince)}`]),
    ...(undecided === undefined ? [] : [`${undecided ? "" : "not "}${open}`]),
  ];
  return db.rows<PrunableRun>(
    `select id, trace_bytes from run where ${conditions.join(" and ")} order by id limit $2`,
    parameters,
  );
}

/**
 * Takes so many segments of these runs away, with the first in the order of their ids; whole: none is left. From the first on its run says that its
 * trace was pruned. Meant for a transaction.
 */
export async function pruneSegments(
  db: Database,
  runs: readonly string[],
  { now, limit }: { now: number; limit: number },
): Promise<{ runs: number; bytes: number; whole: boolean }> {
  const ids = runs.toSorted();
  const segments = await db.rows<{ run_id: string; seq: number; size: number; elsewhere: number }>(
    `select run_id, seq, size, case when data is null then 1 else 0 end as elsewhere from trace_segment
     where run_id in (${marks(ids.length)}) order by run_id, seq limit ${limit}`,
    ids,
  );
  const last = segments.at(-1);
  const whole = segments.length < limit || last === undefined;
  const touched = whole ? ids : ids.filter((id) => id <= last.run_id);
  if (last !== undefined) {
    await db.run(
      `delete from trace_segment where run_id in (${marks(touched.length)})
       and (run_id, seq) <= ($${touched.length + 1}, $${touched.length + 2})`,
      [...touched, last.run_id, last.seq],
    );
  }
  await db.run(
    `update run set trace_pruned_at = coalesce(trace_pruned_at, $${touched.length + 1}),
     trace_bytes = (select coalesce(sum(size), 0) from trace_segment where run_id = run.id)
     where id in (${marks(touched.length)})`,
    [...touched, now],
  );
  const elsewhere = new Set(segments.filter((segment) => segment.elsewhere === 1).map(({ run_id }) => run_id));
  await db.insertMany(
    "trace_leftover",
    [...elsewhere].map((run_id) => ({ run_id })),
    "on conflict do nothing",
  );
  const left = whole ? 0 : await countSegments(db, last.run_id);
  const bytes = segments.reduce((sum, { size }) => sum + size, 0);
  return { runs: touched.length - (left > 0 ? 1 : 0), bytes, whole };
}

// --- internal ---

function marks(count: number): string {
  return Array.from({ length: count }, (_, i) => `$${i + 1}`).join(", ");
}

/** The beginning of all ids that were made at a moment. */
function idAt(ms: number): string {
  const hex = Math.max(0, Math.floor(ms)).toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}`;
}

async function countSegments(db: Database, runId: string): Promise<number> {
  const [row] = await db.rows<{ n: number }>("select count(*) as n from trace_segment where run_id = $1", [runId]);
  return Number(row?.n ?? 0);
}
