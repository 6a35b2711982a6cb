/** The states of a run and the only table of its legal transitions. */
import { FangsError } from "../protocol/errors.ts";
import { RUN_STATES, type RunState } from "../protocol/models.ts";

/** Back to `queued` means: the lease expired. */
const TRANSITIONS: Record<RunState, readonly RunState[]> = {
  queued: ["leased", "failed", "cancelled"],
  /** To the last three with its result: `analysing` where its verdict has to wait for others. */
  leased: ["running", "queued", "failed", "cancelled", "analysing", "controlling", "done"],
  running: ["queued", "failed", "cancelled", "analysing", "controlling", "done"],
  analysing: ["controlling", "done", "failed"],
  /** Back to `analysing` when its control run has ended, or is waited for no longer. */
  controlling: ["analysing", "failed", "cancelled"],
  done: [],
  failed: [],
  cancelled: [],
};

/** The states in which a runner does the run, whose lease holds it. */
export const HELD = ["leased", "running"] as const satisfies RunState[];

export function isHeld(state: RunState): boolean {
  return HELD.some((one) => one === state);
}

/** Whether nothing follows. */
export function isFinal(state: RunState): boolean {
  return TRANSITIONS[state].length === 0;
}

/** The states that may become this one: what the `where` of an update names. */
export function statesBefore(to: RunState): RunState[] {
  return RUN_STATES.filter((from) => TRANSITIONS[from].includes(to));
}

/**
 * Refuses what the table does not have.
 *
 * @throws FangsError conflict
 */
export function checkTransition(from: RunState, to: RunState): void {
  if (TRANSITIONS[from].includes(to)) return;
  const hint = isFinal(from) ? `It is ${from}, and that is final; a retry makes a new run.` : `It is ${from} now.`;
  throw new FangsError("conflict", `A run that is ${from} cannot become ${to}.`, { hint });
}
