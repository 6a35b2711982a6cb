/** The first look at a package that nobody added: the feed told of it. */
import { latestVersions, type Packument } from "../../npm/packument.ts";
import { queueSeeds, SEEDS } from "../packages.ts";
import { PRIORITY } from "../priorities.ts";
import type { Fence } from "../leader.ts";
import type { WatchServices } from "./services.ts";
import { listNodeMajors } from "../store/baselines.ts";
import { isSeeding, startSeeding } from "../store/seeds.ts";
import { holdWatch, type Plan, updateWatch } from "../store/watches.ts";
import { everything, newsOf } from "./news.ts";
import { type Recorded, recordNews } from "./record.ts";

/** Clocks differ, and a registry needs its time to tell. */
const MARGIN_MS = 10 * 60_000;

/**
 * What was published since the feed is followed is new; the releases before it make the baseline that the new ones are
 * compared with. All of it in one transaction.
 *
 * @param packument the full document, which has times
 */
export async function recordFirstSight(
  { services, fence }: { services: WatchServices; fence: Fence },
  name: string,
  packument: Packument,
  begunAt: number,
  plans: { plan: Plan; settled: Plan },
): Promise<Recorded> {
  const now = services.now();
  const recorded = await services.db.transaction(async (db): Promise<Recorded> => {
    await fence(db);
    const handled = await holdWatch(db, name);
    if (handled === undefined || handled.seen !== null) return { releases: [], queued: 0, more: false };
    const fresh = new Set(publishedSince(packument, begunAt - MARGIN_MS));
    const all = everything(packument);
    const history = Object.fromEntries(Object.entries(all).filter(([version]) => !fresh.has(version)));
    const news = newsOf(packument, history, packument["dist-tags"]);
    const written = await recordNews(db, name, news, { now, priority: PRIORITY.feed });
    const older = {
      ...packument,
      versions: Object.fromEntries(Object.entries(packument.versions).filter(([version]) => !fresh.has(version))),
    };
    const seeds = latestVersions(older, SEEDS);
    if (seeds.length > 0 && !(await isSeeding(db, name)) && (await listNodeMajors(db, name)).length === 0)
      await startSeeding(db, name, await queueSeeds(db, name, seeds, now));
    const known = { seen: all, tags: packument["dist-tags"], polled_at: now, changed_at: now };
    // Nothing of it is new: the document is perhaps an old one, from a cache.
    const plan = written.releases.length > 0 ? plans.settled : plans.plan;
    await updateWatch(db, name, { ...known, failures: 0, error: null, error_at: null }, plan);
    return { ...written, queued: written.queued + seeds.length, more: false };
  }, `package ${name}`);
  for (const { cause } of recorded.releases) services.metrics.releases.inc({ cause });
  if (recorded.queued > 0) services.jobs.fire();
  return recorded;
}

// --- internal ---

/** Of a registry that keeps no times: what its tags name, for nobody can say what of it is old. */
function publishedSince({ time, versions, "dist-tags": tags }: Packument, moment: number): string[] {
  if (time === undefined) return Object.values(tags);
  return Object.keys(versions).filter((version) => Date.parse(time[version] ?? "") >= moment);
}
