/** What operators decide about runs and deviations. Each decision is a change that can be taken back. */
import { FangsError } from "../protocol/errors.ts";
import type { Deviation, Run, RunDetail } from "../protocol/models.ts";
import { ownBehaviours, rebuild } from "./baseline-rebuild.ts";
import { refuseControl } from "./control.ts";
import { nodeMajorOf } from "./node-major.ts";
import { isFinal } from "./run-state.ts";
import type { Services } from "./services.ts";
import { recordChange } from "./store/baseline-changes.ts";
import {
  addBaselineEntries,
  addBaselineVersion,
  readBaseline,
  removeBaselineEntries,
  type Sighting,
} from "./store/baselines.ts";
import { deviationsOfRun, getDeviation, updateDeviation } from "./store/deviations.ts";
import type { Database } from "./store/open.ts";
import { getRunDetail } from "./store/judged-runs.ts";
import { decideRun } from "./store/runs.ts";
import { isSeeding } from "./store/seeds.ts";

/** Who decides and why. */
export interface Decision {
  actor: string;
  reason: string;
}

/**
 * Accepts the open deviations of a run into the baseline, with its version; answers how many. Doing it twice accepts
 * nothing more. Where the package has no baseline, the run becomes it.
 *
 * @throws FangsError not_found; conflict for a run that is not whole, leaked a decoy, or has what was rejected
 */
export async function promoteRun(services: Services, id: string, decision: Decision): Promise<number> {
  const at = services.now();
  return services.db.transaction(async (db) => {
    const run = await getRunDetail(db, id);
    refuseControl(run);
    const seen = whole(run);
    if (run.decision === "rejected" || run.rejected > 0)
      throw refusal(`The run ${id} was rejected, or a deviation of it.`);
    const open = await deviationsOfRun(db, id, "open");
    for (const deviation of open) checkPromotable(deviation);
    const isFirst = (await readBaseline(db, run.package, seen.node_major)) === null;
    if (isFirst && (await isSeeding(db, run.package))) throw refusal(`${run.package} is still being seeded.`);
    await recordChange(db, { at, ...decision, action: "baseline.promote", subject: run.package }, async () => {
      for (const deviation of open) await updateDeviation(db, deviation.id, { state: "promoted" });
      await addBaselineVersion(db, seen, at);
      await addBaselineEntries(db, seen, isFirst ? await ownBehaviours(db, id) : open);
      await decideRun(db, id, "accepted");
    });
    return open.length;
  });
}

/**
 * Marks a run as bad: its deviations are rejected, and what it alone brought into the baseline leaves it. Answers how
 * many deviations are rejected by this.
 *
 * @throws FangsError not_found; conflict while the run is not over
 */
export async function rejectRun(services: Services, id: string, decision: Decision): Promise<number> {
  const at = services.now();
  return services.db.transaction(async (db) => {
    const run = await getRunDetail(db, id);
    refuseControl(run);
    if (!isFinal(run.state)) {
      throw new FangsError("conflict", `The run ${id} is not over, it is ${run.state}.`, {
        hint: "Wait for its end, or end it with `fangs run fail`.",
      });
    }
    const promoted = await deviationsOfRun(db, id, "promoted");
    const rejected = [...(await deviationsOfRun(db, id, "open")), ...promoted];
    await recordChange(db, { at, ...decision, action: "baseline.reject", subject: run.package }, async () => {
      for (const deviation of rejected) await updateDeviation(db, deviation.id, { state: "rejected" });
      await removeBaselineEntries(db, run.package, promoted);
      await decideRun(db, id, "rejected");
      if (run.decision === "accepted" && run.result !== null)
        await rebuild(db, run.package, nodeMajorOf(run.result), at);
    });
    return rejected.length;
  });
}

/**
 * Accepts single behaviours; all of them or none. Answers how many were not accepted before.
 *
 * @throws FangsError not_found; conflict for a leak, for what was rejected, and where there is no baseline to add to
 */
export async function promoteDeviations(
  services: Services,
  ids: readonly string[],
  decision: Decision,
): Promise<number> {
  return decide(services, ids, { ...decision, action: "baseline.promote" }, "promoted", async (db, deviation) => {
    checkPromotable(deviation);
    const seen = whole(await getRunDetail(db, deviation.run_id));
    if ((await readBaseline(db, seen.package, seen.node_major)) === null) {
      throw new FangsError("conflict", `${seen.package} has no baseline for Node.js ${seen.node_major} to add to.`, {
        hint: "Seed one with `fangs package add`, or promote a whole run.",
      });
    }
    await addBaselineEntries(db, seen, [deviation]);
  });
}

/**
 * Rejects single behaviours; all of them or none. They leave the baseline, and are deviations for ever. Answers how
 * many were not rejected before.
 *
 * @throws FangsError not_found
 */
export async function rejectDeviations(
  services: Services,
  ids: readonly string[],
  decision: Decision,
): Promise<number> {
  return decide(services, ids, { ...decision, action: "baseline.reject" }, "rejected", async (db, deviation) => {
    await removeBaselineEntries(db, deviation.package, [deviation]);
  });
}

// --- internal ---

/** Brings deviations into a state, with one change for each package that they are of. */
async function decide(
  services: Services,
  ids: readonly string[],
  entry: Decision & { action: "baseline.promote" | "baseline.reject" },
  state: Deviation["state"],
  apply: (db: Database, deviation: Deviation) => Promise<void>,
): Promise<number> {
  const at = services.now();
  return services.db.transaction(async (db) => {
    const deviations: Deviation[] = [];
    for (const id of new Set(ids)) deviations.push(await getDeviation(db, id));
    const changing = deviations.filter((deviation) => deviation.state !== state);
    for (const [subject, own] of Map.groupBy(changing, (deviation) => deviation.package)) {
      await recordChange(db, { at, ...entry, subject }, async () => {
        for (const deviation of own) {
          await apply(db, deviation);
          await updateDeviation(db, deviation.id, { state });
        }
      });
    }
    return changing.length;
  });
}

function checkPromotable({ id, category, state, rejected_before }: Deviation): void {
  if (category === "canary_leak") {
    throw new FangsError("conflict", `The deviation ${id} is a leak, and a leak can never be promoted.`, {
      hint: "Reject the run; if the release is good all the same, promote its other deviations one by one.",
    });
  }
  if (state === "rejected") throw refusal(`The deviation ${id} was rejected.`);
  if (rejected_before !== null) throw refusal(`The behaviour of ${id} was rejected before, as ${rejected_before}.`);
}

function refusal(message: string): FangsError {
  return new FangsError("conflict", message, {
    hint: "`fangs baseline history` shows who decided what; `fangs baseline undo` takes the last decision back.",
  });
}

/**
 * What a run says as a sighting, where it showed all that the release does.
 *
 * @throws FangsError conflict
 */
function whole(run: RunDetail): Sighting {
  if (run.state !== "done" || run.verdict === "inconclusive" || run.verdict === null || run.result === null)
    throw notPromotable(run);
  return { package: run.package, node_major: nodeMajorOf(run.result), version: run.version, run_id: run.id };
}

function notPromotable(run: Run): FangsError {
  const what = run.state === "done" ? run.verdict : run.state;
  return new FangsError("conflict", `The run ${run.id} is ${what} and cannot be promoted.`, {
    hint: "Only a complete run shows all that a release does: use `fangs run retry`, then promote that one.",
  });
}
