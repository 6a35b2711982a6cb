/** What operators decide: accept a run, end it, do it again, forget a package. Each leaves an audit entry. */
import { FangsError } from "../protocol/errors.ts";
import type { Run } from "../protocol/models.ts";
import { cancelControl } from "./control.ts";
import { isFinal } from "./run-state.ts";
import type { Services } from "./services.ts";
import { audit } from "./store/audit.ts";
import {
  addBaselineEntries,
  addBaselineVersion,
  deleteBaseline,
  getBaseline,
  readBaseline,
  touchBaseline,
} from "./store/baselines.ts";
import { promoteOpen } from "./store/deviations.ts";
import { listFingerprints } from "./store/fingerprints.ts";
import { deleteJob } from "./store/jobs.ts";
import { deletePackage } from "./store/packages.ts";
import { getRun, moveRun } from "./store/runs.ts";
import { getScanRow } from "./store/scans.ts";
import { queueRun } from "./submit.ts";

/** Who decides and why. */
export interface Decision {
  actor: string;
  reason: string;
}

/**
 * Accepts the open deviations of a run into the baseline, with its version; answers how many. Doing it twice accepts
 * nothing more. Where the package has no baseline, as after a first run that leaked, the run becomes it.
 *
 * @throws FangsError not_found; conflict for a run that cannot be trusted to be whole
 */
export async function promoteRun(services: Services, id: string, decision: Decision): Promise<number> {
  const now = services.now();
  return services.db.transaction(async (db) => {
    const run = await getRun(db, id);
    if (run.kind === "control") throw isControl(run);
    if (run.state !== "done" || run.verdict === "inconclusive" || run.verdict === null) throw notPromotable(run);
    const seen = { package: run.package, version: run.version, run_id: id };
    const isFirst = (await readBaseline(db, run.package)) === null;
    const promoted = await promoteOpen(db, id);
    const counted = await addBaselineVersion(db, seen, now);
    // Where there is no baseline to add to, all that the run did becomes one.
    await addBaselineEntries(db, seen, isFirst ? await listFingerprints(db, id) : promoted);
    if (promoted.length === 0 && !counted) return 0;
    await touchBaseline(db, seen);
    const after = { version: run.version, seeded: isFirst, deviations: promoted.map((row) => row.id) };
    await audit(db, { at: now, ...decision, action: "run.promote", subject: id, after });
    return promoted.length;
  });
}

/**
 * Ends a run that is not over: it is failed for this reason, and its runner's lease is void.
 *
 * @throws FangsError not_found, conflict
 */
export async function failRun(services: Services, id: string, decision: Decision): Promise<Run> {
  const now = services.now();
  return services.db.transaction(async (db) => {
    const { state } = await getRun(db, id);
    await moveRun(db, id, "failed", { lease: null, reason: decision.reason, ended_at: now });
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
    return getRun(db, id);
  });
}

/**
 * Queues a new run of the same scan.
 *
 * @throws FangsError not_found; conflict while the run is not over
 */
export async function retryRun(services: Services, id: string, actor: string): Promise<Run> {
  const now = services.now();
  const run = await services.db.transaction(async (db) => {
    const old = await getRun(db, id);
    if (old.kind === "control") throw isControl(old);
    if (!isFinal(old.state)) {
      throw new FangsError("conflict", `The run ${id} is not over, it is ${old.state}.`, {
        hint: "Wait for its end, or end it with `fangs run fail`.",
      });
    }
    const next = await queueRun(db, await getScanRow(db, old.scan_id), now);
    await audit(db, { at: now, actor, action: "run.retry", subject: id, after: { run: next } });
    return getRun(db, next);
  });
  services.jobs.fire();
  return run;
}

/**
 * Forgets a package and its baseline. Its runs and deviations stay.
 *
 * @throws FangsError not_found
 */
export async function removePackage(services: Services, name: string, actor: string): Promise<void> {
  await services.db.transaction(async (db) => {
    const baseline = await getBaseline(db, name);
    const entries = await deleteBaseline(db, name);
    if (!(await deletePackage(db, name)) && baseline === undefined) {
      throw new FangsError("not_found", `There is no package ${JSON.stringify(name)}.`, {
        hint: "List them with `fangs package list`.",
      });
    }
    const before = { versions: baseline?.versions ?? [], entries };
    await audit(db, { at: services.now(), actor, action: "package.remove", subject: name, before });
  });
}

// --- internal ---

function isControl(run: Run): FangsError {
  return new FangsError("conflict", `The run ${run.id} is a control run; it serves the verdict of ${run.control_of}.`, {
    hint: "Promote or retry that one.",
  });
}

function notPromotable(run: Run): FangsError {
  const what = run.state === "done" ? run.verdict : run.state;
  return new FangsError("conflict", `The run ${run.id} is ${what} and cannot be promoted.`, {
    hint: "Only a complete run shows all that a release does: use `fangs run retry`, then promote that one.",
  });
}
