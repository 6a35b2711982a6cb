/** Watching packages: adding them with a seeding, settings, forgetting them. */
import { checkPackageName } from "../npm/names.ts";
import { latestVersions } from "../npm/packument.ts";
import { FangsError } from "../protocol/errors.ts";
import type { PackageDetail } from "../protocol/models.ts";
import type { PackageRequest, PackageSettings } from "../protocol/requests.ts";
import type { Services } from "./services.ts";
import { audit } from "./store/audit.ts";
import { recordChange } from "./store/baseline-changes.ts";
import { deleteBaseline, listNodeMajors } from "./store/baselines.ts";
import { isCategory } from "./store/fingerprints.ts";
import type { Database } from "./store/open.ts";
import { addPackage, deletePackage, getPackage, readSeverities, writeSeverities } from "./store/packages.ts";
import { insertScan } from "./store/scans.ts";
import { isSeeding, startSeeding } from "./store/seeds.ts";
import { queueRun } from "./submit.ts";

const SEEDS = 3;

/**
 * Watches a package and, where it has no baseline and none is being made, queues runs of its latest releases to seed one.
 *
 * @throws FangsError invalid_name, package_not_found, registry_unreachable
 */
export async function watchPackage(services: Services, request: PackageRequest, actor: string): Promise<PackageDetail> {
  const { db, registry } = services;
  const name = checkPackageName(request.name);
  const { seed = SEEDS } = request;
  const versions = seed === 0 ? [] : latestVersions(await registry.packument(name), seed);
  const now = services.now();
  const detail = await db.transaction(async (inner) => {
    if (await addPackage(inner, name, now))
      await audit(inner, { at: now, actor, action: "package.add", subject: name, after: { seeds: versions } });
    if (versions.length > 0 && !(await isSeeding(inner, name)) && (await listNodeMajors(inner, name)).length === 0)
      await startSeeding(inner, name, await queueSeeds(inner, name, versions, now));
    return getPackage(inner, name);
  });
  services.jobs.fire();
  return detail;
}

/**
 * Sets severities of a package's own.
 *
 * @throws FangsError not_found; invalid_body for a category that is none, or a leak
 */
export async function setPackage(
  services: Services,
  name: string,
  settings: PackageSettings,
  actor: string,
): Promise<PackageDetail> {
  for (const category of Object.keys(settings.severities)) checkCategory(category);
  return services.db.transaction(async (db) => {
    await getPackage(db, name);
    const before = await readSeverities(db, name);
    const after = { ...before };
    for (const [category, severity] of Object.entries(settings.severities)) {
      if (severity === null) delete after[category];
      else after[category] = severity;
    }
    await writeSeverities(db, name, after);
    await audit(db, { at: services.now(), actor, action: "package.set", subject: name, before, after });
    return getPackage(db, name);
  });
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

// --- internal ---

async function queueSeeds(db: Database, name: string, versions: readonly string[], now: number) {
  const seeds: { version: string; run_id: string }[] = [];
  for (const version of versions) {
    const scan = await insertScan(db, { package: name, version, runner: null, before: now, created_at: now });
    seeds.push({ version, run_id: await queueRun(db, scan, now, "seed") });
  }
  return seeds;
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
