/** Control runs: the predecessor of a deviant release run again, beside it and under the same view of the registry. */
import { isExactVersion } from "../npm/names.ts";
import { FangsError } from "../protocol/errors.ts";
import type { Run, RunDetail } from "../protocol/models.ts";
import { canDrift } from "./analysis/drift.ts";
import type { AnalysisOutput, BaselineFingerprint, Control } from "./analysis/types.ts";
import { nodeMajorOf } from "./node-major.ts";
import { PRIORITY } from "./priorities.ts";
import { isFinal } from "./run-state.ts";
import type { Services } from "./services.ts";
import { acceptedVersions } from "./store/baselines.ts";
import { isCategory, listFingerprints } from "./store/fingerprints.ts";
import { deleteJob, insertJob } from "./store/jobs.ts";
import type { Database } from "./store/open.ts";
import { getRunDetail, type JudgedRun } from "./store/judged-runs.ts";
import { type Ended, findControl, insertRun, moveRun, tryMoveRun } from "./store/runs.ts";
import { segmentNumbers } from "./store/traces.ts";
import { getScanRow } from "./store/scans.ts";

/**
 * Queues a control run where one could change the verdict, and makes the run wait for it; meant for the transaction
 * of the analysis. False: none is needed, or there is no accepted version to compare with.
 *
 * @param ended what of the run's end is not stored yet
 */
export async function askForControl(
  services: Services,
  db: Database,
  run: JudgedRun,
  output: AnalysisOutput,
  ended: Partial<Ended>,
): Promise<boolean> {
  if (run.kind !== "scan" || output.verdict !== "deviant" || !output.deviations.some(canDrift)) return false;
  if (run.result === null) return false;
  const version = controlVersion(run.version, await acceptedVersions(db, run.package, nodeMajorOf(run.result)));
  if (version === undefined) return false;
  const now = services.now();
  const scan = await getScanRow(db, run.scan_id);
  const id = await insertRun(db, {
    scan_id: run.scan_id,
    package: run.package,
    version,
    now,
    kind: "control",
    control_of: run.id,
  });
  const { runner, node_major, image, before } = scan;
  await insertJob(db, { run_id: id, runner, node_major, image, before, not_before: now, priority: PRIORITY.control });
  await moveRun(db, run.id, "controlling", { ...ended, control_due: now + services.controlMs });
  return true;
}

/** What the control run of a run showed; null where none was asked for. One that is waited for no longer is ended. */
export async function readControl(
  services: Services,
  db: Database,
  run: Omit<RunDetail, "allowed">,
): Promise<Control | null> {
  const control = await findControl(db, run.id);
  if (control === undefined) return null;
  if (!isFinal(control.state)) {
    await cancelControl(services, db, run.id);
    return { missing: `${control.version} did not end in time.` };
  }
  if (control.state !== "done") return { missing: `${control.version}: ${control.reason ?? control.state}` };
  if (control.verdict === "inconclusive") return { missing: `${control.version}: ${control.reason ?? "inconclusive"}` };
  // Another Node.js does other things: that tells nothing of the world.
  const [own, other] = [run.result, (await getRunDetail(db, control.id)).result];
  if (own === null || other === null || nodeMajorOf(own) !== nodeMajorOf(other)) {
    return { missing: `${control.version} ran on Node.js ${other?.node_version ?? "unknown"}.` };
  }
  const rows = await listFingerprints(db, control.id);
  const fingerprints = rows.flatMap(({ actor, category, value }): BaselineFingerprint[] =>
    isCategory(category) ? [{ actor, category, value }] : [],
  );
  return { version: control.version, fingerprints };
}

/** Ends the control run of a run that does not wait for it any more. */
export async function cancelControl(services: Services, db: Database, runId: string): Promise<void> {
  const control = await findControl(db, runId);
  if (control === undefined || isFinal(control.state)) return;
  const reason = "Nobody waits for it any more.";
  // It may be analysed at this moment, or begin to be, and then ends by itself.
  if (control.state === "analysing") return;
  await deleteJob(db, control.id);
  await tryMoveRun(db, control.id, "cancelled", {
    lease: null,
    reason,
    ended_at: services.now(),
    trace_bytes: (await segmentNumbers(db, control.id)).bytes,
  });
}

/**
 * Nothing is decided about a control run.
 *
 * @throws FangsError conflict
 */
export function refuseControl({ id, kind, control_of }: Run): void {
  if (kind !== "control") return;
  throw new FangsError("conflict", `The run ${id} is a control run; it serves the verdict of ${control_of}.`, {
    hint: "Promote, reject or retry that one.",
  });
}

/** The highest accepted version below this one, else the last accepted one; never the version itself. */
export function controlVersion(version: string, accepted: readonly string[]): string | undefined {
  const others = accepted.filter((one) => one !== version && isExactVersion(one));
  const lower = others.filter((one) => Bun.semver.order(one, version) < 0).sort(Bun.semver.order);
  return lower.at(-1) ?? others[0];
}
