/** What a document has new, written down and queued in one transaction: nothing is seen that is not queued. */
import { isExactVersion } from "../../npm/names.ts";
import type { Manifest, Packument } from "../../npm/packument.ts";
import type { KnownDocument } from "../../npm/poll.ts";
import { PRIORITY } from "../priorities.ts";
import type { Fence } from "../leader.ts";
import type { WatchServices } from "./services.ts";
import type { Database } from "../store/open.ts";
import { insertScan } from "../store/scans.ts";
import { findExamination, insertRelease, newestExamined, type ReleaseKey, setRelease } from "../store/seen-releases.ts";
import { holdWatch, type Plan, updateWatch } from "../store/watches.ts";
import { queueRun } from "../submit.ts";
import { type Cause, everything, type News, newsOf } from "./news.ts";

/** Releases of one package that are written in one transaction; what is beyond them follows in the next. */
const RELEASES_AT_ONCE = 50;
const MANIFEST_LIMIT = 256 * 1024;

export interface Recorded {
  /** What was new, and is to be fetched. */
  releases: (ReleaseKey & { manifest: Manifest; cause: Cause })[];
  /** How many runs were queued. */
  queued: number;
  /** There is more in the document than was written. */
  more: boolean;
}

/**
 * Writes down what is new in a document and queues a run of each release that has none. Where the document is read the
 * first time, what is not newer than the newest release examined counts as handled.
 */
export async function recordDocument(
  { services, fence }: { services: WatchServices; fence: Fence },
  name: string,
  { packument, known }: { packument: Packument; known: KnownDocument },
  { plan, settled }: { plan: Plan; settled: Plan },
): Promise<Recorded> {
  const now = services.now();
  const recorded = await services.db.transaction(async (db): Promise<Recorded> => {
    await fence(db);
    const handled = await holdWatch(db, name);
    if (handled === undefined) return { releases: [], queued: 0, more: false };
    const isFirst = handled.seen === null;
    const seen = handled.seen ?? olderThanExamined(packument, await newestExamined(db, name));
    const news = newsOf(packument, seen, isFirst ? packument["dist-tags"] : handled.tags);
    const taken = news.slice(0, RELEASES_AT_ONCE);
    const { releases, queued } = await recordNews(db, name, taken, { now, priority: PRIORITY.watched });
    for (const one of taken) seen[one.manifest.version] = one.fingerprint;
    const more = news.length > taken.length;
    await updateWatch(
      db,
      name,
      {
        ...{ seen, polled_at: now, failures: 0, error: null, error_at: null },
        // What is left must be found again: the document counts as unread, and its tags as not yet looked at.
        ...(more ? { due_at: now, etag: null, digest: null } : { ...known, tags: packument["dist-tags"] }),
        ...(releases.length > 0 ? { changed_at: now } : {}),
      },
      // A change that the feed told of, and that is found, need not be looked for again.
      more ? undefined : releases.length > 0 ? settled : plan,
    );
    return { releases, queued, more };
  }, `package ${name}`);
  for (const { cause } of recorded.releases) services.metrics.releases.inc({ cause });
  if (recorded.queued > 0) services.jobs.fire();
  return recorded;
}

/** Writes releases down and queues a run of each that has none; meant for a transaction. */
export async function recordNews(
  db: Database,
  name: string,
  news: readonly News[],
  { now, priority }: { now: number; priority: number },
): Promise<Pick<Recorded, "releases" | "queued">> {
  const releases: Recorded["releases"] = [];
  let queued = 0;
  for (const one of news) {
    const key = { package: name, version: one.manifest.version, fingerprint: one.fingerprint };
    if (!(await insertRelease(db, { ...key, ...describe(one), seen_at: now, run_id: null, fetch_at: now }))) continue;
    releases.push({ ...key, manifest: one.manifest, cause: one.cause });
    const run = await examine(db, name, one, { now, priority });
    if (run.queued) queued += 1;
    await setRelease(db, key, { run_id: run.id });
  }
  return { releases, queued };
}

// --- internal ---

/** The run of a release: the one that is there, or a new one. What was altered is examined whatever was before. */
async function examine(
  db: Database,
  name: string,
  { manifest, cause }: News,
  { now, priority }: { now: number; priority: number },
): Promise<{ id: string; queued: boolean }> {
  const { version } = manifest;
  const known = cause === "republished" ? undefined : await findExamination(db, name, version);
  if (known !== undefined) return { id: known, queued: false };
  const scan = await insertScan(db, { package: name, version, runner: null, before: now, created_at: now });
  return { id: await queueRun(db, scan, now, { priority }), queued: true };
}

function olderThanExamined(packument: Packument, newest: string | undefined): Record<string, string> {
  const all = Object.entries(everything(packument));
  if (newest === undefined || !isExactVersion(newest)) return Object.fromEntries(all);
  return Object.fromEntries(all.filter(([version]) => Bun.semver.order(version, newest) <= 0));
}

function describe({ manifest, cause, tags }: News) {
  const { signatures, attestations } = manifest.dist as { signatures?: unknown; attestations?: unknown };
  return {
    cause,
    tags,
    manifest: bounded(manifest),
    signatures: Array.isArray(signatures) ? signatures.length : 0,
    provenance: typeof attestations === "object" && attestations !== null ? 1 : 0,
  };
}

/** A description that is absurdly long is cut to what a tarball can be found by. */
function bounded(manifest: Manifest): Manifest {
  if (JSON.stringify(manifest).length <= MANIFEST_LIMIT) return manifest;
  const { name, version, dist } = manifest;
  const { tarball, integrity, shasum } = dist;
  return {
    name,
    version,
    dist: {
      tarball,
      ...(integrity === undefined ? {} : { integrity }),
      ...(shasum === undefined ? {} : { shasum }),
    },
  };
}
