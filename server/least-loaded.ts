/** Several runners wait, one job comes: the one with the least to do should get it. */
import type { Runner } from "../protocol/requests.ts";

/** How long a runner holds back for each that is better placed: time enough for that one to take the job. */
const STEP_MS = 120;
const MOST_STEPS = 5;

/** What a runner has to do: its share of runs, and how busy its host is. */
export function burdenOf({ held, concurrency, load }: Pick<Runner, "held" | "concurrency" | "load">): number {
  return Math.max(held, load?.running ?? 0) / concurrency + (load?.cpu ?? 0);
}

/**
 * How long a runner should let others go first, ms; 0: it has the least to do. Nobody waits for ever: if none of the
 * others takes the job, it is there when the time is over.
 */
export function patienceOf(name: string, waiting: readonly Runner[]): number {
  const own = waiting.find((runner) => runner.name === name);
  if (own === undefined) return 0;
  const better = waiting.filter((runner) => burdenOf(runner) < burdenOf(own));
  return Math.min(better.length, MOST_STEPS) * STEP_MS;
}
