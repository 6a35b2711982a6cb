/** Runs that are called off, and runs that are deleted. */
import { FangsError } from "../protocol/errors.ts";
import type { Run } from "../protocol/models.ts";
import { cancelControl, refuseControl } from "./control.ts";
import type { Decision } from "./decisions.ts";
import { isFinal } from "./run-state.ts";
import { settleSeeding } from "./seeding.ts";
import type { Services } from "./services.ts";
import { audit } from "./store/audit.ts";
import { deleteJob } from "./store/jobs.ts";
import type { Database } from "./store/open.ts";
import { eraseRun, isInHistory, isSeedAwaited } from "./store/run-removal.ts";
import { getRun, moveRun } from "./store/runs.ts";
import { segmentNumbers } from "./store/traces.ts";

/**
 * Calls a run off that is not over: its runner's lease is void, and it is `cancelled` for this reason.
 *
 * @throws FangsError not_found; conflict for a control run, or one that is over or being analysed
 */
export async function cancelRun(services: Services, id: string, decision: Decision): Promise<Run> {
  const now = services.now();
  const cancelled = await services.db.transaction(async (db) => {
    const run = await getRun(db, id);
    refuseControl(run);
    await moveRun(db, id, "cancelled", {
      lease: null,
      reason: decision.reason,
      ended_at: now,
      trace_bytes: (await segmentNumbers(db, id)).bytes,
    });
    await deleteJob(db, id);
    await cancelControl(services, db, id);
    await audit(db, {
      ...{ at: now, ...decision, action: "run.cancel", subject: id },
      before: { state: run.state },
      after: { state: "cancelled" },
    });
    await settleSeeding(db, run.package, now);
    return getRun(db, id);
  });
  services.jobs.fire();
  return cancelled;
}

/**
 * Deletes a run that is over, with its trace, behaviours and deviations, and its control runs. What it was stays in the
 * trail. A run that counts for a baseline, now or in its history, stays: undo would need it.
 *
 * @throws FangsError not_found, conflict
 */
export async function deleteRun(services: Services, id: string, decision: Decision): Promise<void> {
  const now = services.now();
  await services.db.transaction(async (db) => {
    const run = await getRun(db, id);
    refuseControl(run);
    await refuseNeeded(db, run);
    const { package: name, version, kind, state, verdict, reason, deviations, max_severity } = run;
    await audit(db, {
      ...{ at: now, ...decision, action: "run.delete", subject: id },
      before: { package: name, version, kind, state, verdict, reason, deviations, max_severity },
    });
    await eraseRun(db, run);
  });
}

// --- internal ---

async function refuseNeeded(db: Database, run: Run): Promise<void> {
  if (!isFinal(run.state)) {
    throw new FangsError("conflict", `The run ${run.id} is not over, it is ${run.state}.`, {
      hint: "Call it off first, with `fangs run cancel`.",
    });
  }
  if (run.decision !== null || run.promoted + run.rejected > 0 || (await isInHistory(db, run))) {
    throw new FangsError("conflict", `The run ${run.id} counts for the baseline of ${run.package}.`, {
      hint: "What was decided about it is evidence, and could be undone. Its trace goes when retention takes it.",
    });
  }
  if (await isSeedAwaited(db, run.id)) {
    throw new FangsError("conflict", `The run ${run.id} is a seed of ${run.package}, which is being seeded.`, {
      hint: "Wait until the other seeds have ended.",
    });
  }
}
