/** What operators do to a whole baseline: take back, rebuild, import, reset. Each but the first can be taken back. */
import { checkPackageName, isExactVersion } from "../npm/names.ts";
import { FangsError } from "../protocol/errors.ts";
import type { Baseline } from "../protocol/models.ts";
import type { BaselineImport } from "../protocol/requests.ts";
import { rebuild } from "./baseline-rebuild.ts";
import type { Decision } from "./decisions.ts";
import type { Services } from "./services.ts";
import { lastChange, recordChange, revert } from "./store/baseline-changes.ts";
import {
  addBaselineEntries,
  addBaselineVersion,
  deleteBaseline,
  getBaseline,
  keyOf,
  listNodeMajors,
  removeBaselineEntries,
  removeBaselineVersions,
} from "./store/baselines.ts";
import { isCategory } from "./store/fingerprints.ts";
import type { Database } from "./store/open.ts";
import { addPackage } from "./store/packages.ts";
import { decideRun, listAcceptedRuns } from "./store/runs.ts";
import { endSeeding, isSeeding } from "./store/seeds.ts";

const UNDOABLE = new Set([
  "baseline.promote",
  "baseline.reject",
  "baseline.rebuild",
  "baseline.import",
  "package.reset",
]);

/**
 * Takes the last change of a package's baseline back: promotion, rejection, rebuild, import or reset. Done again, it
 * takes back the one before. Answers with the action that was taken back.
 *
 * @throws FangsError conflict where there is none, or the last one is a seeding
 */
export async function undoChange(services: Services, name: string, decision: Decision): Promise<string> {
  const at = services.now();
  return services.db.transaction(async (db) => {
    const change = await lastChange(db, name);
    if (change === undefined || !UNDOABLE.has(change.action)) {
      const what = change === undefined ? "nothing" : `\`${change.action}\`, which stays`;
      throw new FangsError("conflict", `There is nothing to undo of ${name}: the last change is ${what}.`, {
        hint: "`fangs baseline history` lists the changes; `fangs package reset` forgets the baseline.",
      });
    }
    const entry = { at, ...decision, action: "baseline.undo", subject: name, undoes: change.id } as const;
    await recordChange(db, entry, () => revert(db, change));
    // Seeds that are still awaited must not be added to what is there again.
    if ((await listNodeMajors(db, name)).length > 0) await endSeeding(db, name);
    return change.action;
  });
}

/**
 * Makes a package's baselines anew from the runs that were accepted, and answers with the one of the highest major.
 *
 * @throws FangsError not_found where there is none; conflict where no accepted run would be left
 */
export async function rebuildBaselines(services: Services, name: string, decision: Decision): Promise<Baseline> {
  const at = services.now();
  return services.db.transaction(async (db) => {
    await existing(db, name);
    await recordChange(db, { at, ...decision, action: "baseline.rebuild", subject: name }, async () => {
      for (const major of await listNodeMajors(db, name)) await rebuild(db, name, major, at);
    });
    const rebuilt = await getBaseline(db, name);
    if (rebuilt !== undefined) return rebuilt;
    throw new FangsError("conflict", `No run of ${name} is accepted, so that nothing would be left.`, {
      hint: "Promote a complete run first, or use `fangs package reset`.",
    });
  });
}

/**
 * Puts a baseline in the place of the one for this major of Node.js. What both have keeps when it was seen.
 *
 * @throws FangsError invalid_name, invalid_version, invalid_body for what cannot be in a baseline
 */
export async function importBaseline(
  services: Services,
  name: string,
  { node_major, versions, behaviours, reason }: BaselineImport,
  actor: string,
): Promise<Baseline> {
  checkPackageName(name);
  checkImport(versions, behaviours);
  const sorted = [...new Set(versions)].sort(Bun.semver.order);
  const newest = sorted.at(-1)!;
  const at = services.now();
  const target = { package: name, node_major, run_id: null };
  return services.db.transaction(async (db) => {
    await addPackage(db, name, at);
    await recordChange(db, { at, actor, reason, action: "baseline.import", subject: name }, async () => {
      const old = await getBaseline(db, name, node_major);
      const wanted = new Set(behaviours.map(keyOf));
      const gone = (old?.entries ?? []).filter((entry) => !wanted.has(keyOf(entry)));
      await removeBaselineEntries(db, name, gone, node_major);
      const dropped = (old?.versions ?? []).filter((version) => !sorted.includes(version));
      await removeBaselineVersions(db, name, node_major, dropped);
      for (const version of sorted) await addBaselineVersion(db, { ...target, version }, at);
      await addBaselineEntries(db, { ...target, version: newest }, behaviours);
    });
    await endSeeding(db, name);
    return existing(db, name, node_major);
  });
}

/**
 * Forgets the baselines of a package and which of its runs were accepted, and ends its seeding. Rejections stay.
 *
 * @throws FangsError not_found where there is nothing to forget
 */
export async function resetPackage(services: Services, name: string, decision: Decision): Promise<void> {
  const at = services.now();
  await services.db.transaction(async (db) => {
    const wasSeeding = await isSeeding(db, name);
    if (!wasSeeding) await existing(db, name);
    await endSeeding(db, name);
    await recordChange(db, { at, ...decision, action: "package.reset", subject: name }, async () => {
      await deleteBaseline(db, name);
      for (const id of await listAcceptedRuns(db, name)) await decideRun(db, id, null);
    });
  });
  services.jobs.fire();
}

/**
 * The baseline of a package, of the highest major if none is named.
 *
 * @throws FangsError not_found
 */
export async function existing(db: Database, name: string, nodeMajor?: number): Promise<Baseline> {
  const baseline = await getBaseline(db, name, nodeMajor);
  if (baseline !== undefined) return baseline;
  const which = nodeMajor === undefined ? "" : ` for Node.js ${nodeMajor}`;
  throw new FangsError("not_found", `There is no baseline of ${JSON.stringify(name.slice(0, 214))}${which}.`, {
    hint: "`fangs package add` seeds one from the latest releases; a first complete run makes one too.",
  });
}

// --- internal ---

/** The newest of the versions, in semver order, after a look at what is to be imported. */
function checkImport(versions: readonly string[], behaviours: BaselineImport["behaviours"]): void {
  for (const version of versions) {
    if (!isExactVersion(version))
      throw new FangsError("invalid_body", `${JSON.stringify(version.slice(0, 80))} is not an exact version.`);
  }
  for (const { category } of behaviours) {
    if (category === "canary_leak" || !isCategory(category))
      throw new FangsError("invalid_body", `The category ${JSON.stringify(category)} cannot be in a baseline.`);
  }
}
