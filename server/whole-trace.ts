/** Nobody is shown, and nothing is judged by, a part of a trace as if it were all of it. */
import { FangsError } from "../protocol/errors.ts";
import type { RunDetail } from "../protocol/models.ts";

type Subject = Pick<RunDetail, "id" | "trace_pruned_at">;

/** @throws FangsError trace_pruned */
export function refusePruned({ id, trace_pruned_at: at }: Subject): void {
  if (at === null) return;
  throw new FangsError("trace_pruned", `The trace of the run ${id} was taken away on ${day(at)}.`, {
    hint: "Retention keeps traces for a time. Behaviours, deviations and their evidence stay; to have a new trace, scan the release again.",
  });
}

/**
 * Refuses a trace that has not all the segments that its runner counted.
 *
 * @throws FangsError trace_pruned, trace_missing
 */
export function checkWhole(run: Subject, segments: number, counted: number): void {
  refusePruned(run);
  if (segments === counted) return;
  throw new FangsError("trace_missing", `The trace of the run ${run.id} has ${segments} of its ${counted} segments.`, {
    hint: "The others were removed by hand, or the database is an incomplete copy. Scan the release again.",
  });
}

// --- internal ---

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
