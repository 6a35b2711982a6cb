/** Runs that are ended or done again by hand. */
import { FangsError } from "../protocol/errors.ts";
import type { Run } from "../protocol/models.ts";
import { cancelControl, refuseControl } from "./control.ts";
import type { Decision } from "./decisions.ts";
import { isFinal } from "./run-state.ts";
import { settleSeeding } from "./seeding.ts";
import type { Services } from "./services.ts";
import { audit } from "./store/audit.ts";
import { deleteJob } from "./store/jobs.ts";
import { getRun, moveRun } from "./store/runs.ts";
import { getScanRow } from "./store/scans.ts";
import { replaceSeed } from "./store/seeds.ts";
import { segmentNumbers } from "./store/traces.ts";
import { queueRun } from "./submit.ts";

/**
 * Ends a run that is not over: it is failed for this reason, and its runner's lease is void.
 *
 * @throws FangsError not_found, conflict
 */
export async function failRun(services: Services, id: string, decision: Decision): Promise<Run> {
  const now = services.now();
  const failed = await services.db.transaction(async (db) => {
    const { state, package: name } = await getRun(db, id);
    await moveRun(db, id, "failed", {
      lease: null,
      reason: decision.reason,
      ended_at: now,
      trace_bytes: (await segmentNumbers(db, id)).bytes,
    });
    await deleteJob(db, id);
    await cancelControl(services, db, id);
    await audit(db, {
      at: now,
      ...decision,
      action: "run.fail",
      subject: id,
      before: { state },
      after: { state: "failed" },
    });
    await settleSeeding(db, name, now);
    return getRun(db, id);
  });
  services.jobs.fire();
  return failed;
}

/**
 * Queues a new run of the same scan. Of a seed that is still awaited it takes the place.
 *
 * @throws FangsError not_found; conflict while the run is not over
 */
export async function retryRun(services: Services, id: string, actor: string): Promise<Run> {
  const now = services.now();
  const run = await services.db.transaction(async (db) => {
    const old = await getRun(db, id);
    refuseControl(old);
    if (!isFinal(old.state)) {
      throw new FangsError("conflict", `The run ${id} is not over, it is ${old.state}.`, {
        hint: "Wait for its end, or end it with `fangs run fail`.",
      });
    }
    const next = await queueRun(db, await getScanRow(db, old.scan_id), now, { kind: old.kind });
    await replaceSeed(db, id, next);
    await audit(db, { at: now, actor, action: "run.retry", subject: id, after: { run: next } });
    return getRun(db, next);
  });
  services.jobs.fire();
  return run;
}
