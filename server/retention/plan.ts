/** Which traces go: those that are too old, then the oldest beyond the size. */
import type { Database } from "../store/open.ts";
import { listPrunable, type PrunableQuery, type PrunableRun, sumTraces } from "../store/retention.ts";

export interface RetentionPolicy {
  /** How long the trace of a run that ended is kept; 0: without end. */
  days: number;
  /** What all traces together may have, compressed; 0: any number. */
  maxBytes: number;
}

const DAY_MS = 86_400_000;

/**
 * The runs whose traces go, the oldest first, in pages that one transaction can do. Runs with deviations that nobody has
 * decided about go last for the sake of size; age takes them as it takes the others: the evidence that a decision needs is in the deviation.
 */
export async function* planTraces(
  db: Database,
  { days, maxBytes }: RetentionPolicy,
  now: number,
  page: number,
): AsyncGenerator<PrunableRun[]> {
  let { bytes } = await sumTraces(db);
  const old = days === 0 ? undefined : now - days * DAY_MS;
  if (old !== undefined) {
    for await (const runs of pages(db, { endedBefore: old }, page)) {
      bytes -= sum(runs);
      yield runs;
    }
  }
  if (maxBytes === 0) return;
  const rest = old === undefined ? {} : { endedSince: old };
  for (const undecided of [false, true]) {
    if (bytes <= maxBytes) return;
    for await (const runs of pages(db, { ...rest, undecided }, page)) {
      const some: PrunableRun[] = [];
      for (const run of runs) {
        if (bytes <= maxBytes) break;
        bytes -= run.trace_bytes;
        some.push(run);
      }
      if (some.length > 0) yield some;
      if (bytes <= maxBytes) return;
    }
  }
}

// --- internal ---

async function* pages(
  db: Database,
  query: Omit<PrunableQuery, "after" | "limit">,
  limit: number,
): AsyncGenerator<PrunableRun[]> {
  let after = "";
  for (;;) {
    const runs = await listPrunable(db, { ...query, after, limit });
    const last = runs.at(-1);
    if (last === undefined) return;
    after = last.id;
    yield runs;
  }
}

function sum(runs: readonly PrunableRun[]): number {
  return runs.reduce((all, { trace_bytes }) => all + trace_bytes, 0);
}
