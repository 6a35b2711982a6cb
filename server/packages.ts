/** Watching packages: adding them with a seeding, settings, forgetting them. */
import { checkPackageName } from "../npm/names.ts";
import { latestVersions } from "../npm/packument.ts";
import { FangsError } from "../protocol/errors.ts";
import type { PackageDetail } from "../protocol/models.ts";
import type { PackageRequest, PackageSettings } from "../protocol/requests.ts";
import { PRIORITY } from "./priorities.ts";
import type { Services } from "./services.ts";
import { audit } from "./store/audit.ts";
import { recordChange } from "./store/baseline-changes.ts";
import { deleteBaseline, listNodeMajors } from "./store/baselines.ts";
import { isCategory } from "./store/fingerprints.ts";
import type { Database } from "./store/open.ts";
import { addPackage, deletePackage, getPackage, readSeverities, writeSeverities } from "./store/packages.ts";
import { insertScan } from "./store/scans.ts";
import { isSeeding, startSeeding } from "./store/seeds.ts";
import { putWatch, readWatch, updateWatch } from "./store/watches.ts";
import { queueRun } from "./submit.ts";
import { everything } from "./watcher/news.ts";

/** How many of the latest releases make the first baseline. */
export const SEEDS = 3;

/**
 * Watches a package and, where it has no baseline and none is being made, queues runs of its latest releases to seed one.
 *
 * @throws FangsError invalid_name, package_not_found, registry_unreachable
 */
export async function watchPackage(services: Services, request: PackageRequest, actor: string): Promise<PackageDetail> {
  const { db, registry } = services;
  const name = checkPackageName(request.name);
  const { seed = SEEDS } = request;
  const packument = await registry.packument(name);
  const versions = latestVersions(packument, seed);
  const now = services.now();
  const detail = await db.transaction(async (inner) => {
    if (await addPackage(inner, name, now))
      await audit(inner, { at: now, actor, action: "package.add", subject: name, after: { seeds: versions } });
    if (versions.length > 0 && !(await isSeeding(inner, name)) && (await listNodeMajors(inner, name)).length === 0)
      await startSeeding(inner, name, await queueSeeds(inner, name, versions, now));
    // What this document has is history; what the next one has more of is new.
    const watch = { package: name, seen: everything(packument), tags: packument["dist-tags"], due_at: now };
    await putWatch(inner, watch);
    return getPackage(inner, name);
  }, `package ${name}`);
  services.jobs.fire();
  services.watching.fire();
  return detail;
}

/**
 * Sets severities of a package's own, whether it is watched, and how often.
 *
 * @throws FangsError not_found; invalid_body for a category that is none, or a leak; conflict for a package that never
 *   was watched
 */
export async function setPackage(
  services: Services,
  name: string,
  settings: PackageSettings,
  actor: string,
): Promise<PackageDetail> {
  const changes = settings.severities ?? {};
  for (const category of Object.keys(changes)) checkCategory(category);
  const detail = await services.db.transaction(async (db) => {
    await getPackage(db, name);
    const before = await readSeverities(db, name);
    const after = { ...before };
    for (const [category, severity] of Object.entries(changes)) {
      if (severity === null) delete after[category];
      else after[category] = severity;
    }
    await writeSeverities(db, name, after);
    const watch = settings.watch === undefined ? {} : await setWatch(services, db, name, settings.watch);
    await audit(db, {
      ...{ at: services.now(), actor, action: "package.set", subject: name, before },
      after: { ...after, ...watch },
    });
    return getPackage(db, name);
  });
  services.watching.fire();
  return detail;
}

/**
 * Forgets a package and its baseline. Its runs and deviations stay.
 *
 * @throws FangsError not_found
 */
export async function removePackage(services: Services, name: string, actor: string): Promise<void> {
  await services.db.transaction(async (db) => {
    let known = (await listNodeMajors(db, name)).length > 0;
    const entry = { at: services.now(), actor, action: "package.remove", subject: name } as const;
    const before = { severities: await readSeverities(db, name) };
    const hadBaseline = await recordChange(db, entry, () => deleteBaseline(db, name));
    if (await deletePackage(db, name)) {
      known = true;
      if (!hadBaseline) await audit(db, { ...entry, before });
    }
    if (known) return;
    throw new FangsError("not_found", `There is no package ${JSON.stringify(name)}.`, {
      hint: "List them with `fangs package list`.",
    });
  });
}

/** Queues runs of releases that are to make a baseline together; meant for a transaction. */
export async function queueSeeds(
  db: Database,
  name: string,
  versions: readonly string[],
  now: number,
): Promise<{ version: string; run_id: string }[]> {
  const seeds: { version: string; run_id: string }[] = [];
  for (const version of versions) {
    const scan = await insertScan(db, { package: name, version, runner: null, before: now, created_at: now });
    seeds.push({ version, run_id: await queueRun(db, scan, now, { kind: "seed", priority: PRIORITY.seed }) });
  }
  return seeds;
}

// --- internal ---

/** Answers with what was set, for the audit trail. It is looked at at once. */
async function setWatch(
  services: Services,
  db: Database,
  name: string,
  { enabled, interval_ms }: NonNullable<PackageSettings["watch"]>,
): Promise<{ watch: string }> {
  const before = await readWatch(db, name);
  if (before === null) {
    throw new FangsError("conflict", `${name} is not watched.`, { hint: `Use \`fangs package add ${name}\`.` });
  }
  await updateWatch(db, name, {
    ...(enabled === undefined ? {} : { enabled: enabled ? 1 : 0 }),
    ...(interval_ms === undefined ? {} : { interval_ms }),
    due_at: services.now(),
  });
  const parts = [
    enabled === undefined ? [] : [enabled ? "on" : "off"],
    interval_ms === undefined ? [] : [interval_ms === null ? "default interval" : `every ${interval_ms} ms`],
  ];
  return { watch: parts.flat().join(", ") };
}

function checkCategory(category: string): void {
  if (category === "canary_leak") {
    throw new FangsError("invalid_body", "The severity of a leak cannot be changed.", {
      hint: "A secret that leaves is critical, whoever sends it.",
    });
  }
  if (isCategory(category)) return;
  throw new FangsError("invalid_body", `There is no category ${JSON.stringify(category)}.`, {
    hint: "docs/analysis.md has the categories, for example net_new_dns.",
  });
}
