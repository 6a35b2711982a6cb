/** Making a baseline anew from the runs that were accepted. */
import { nodeMajorOf } from "./node-major.ts";
import { listAllowed } from "./store/allowed.ts";
import {
  addBaselineEntries,
  addBaselineVersion,
  type Behaviour,
  getBaseline,
  keyOf,
  listVersions,
  removeBaselineEntries,
  removeBaselineVersions,
  type Sighting,
} from "./store/baselines.ts";
import { listFingerprints } from "./store/fingerprints.ts";
import type { Database } from "./store/open.ts";
import { getRunDetail } from "./store/judged-runs.ts";
import { listAcceptedRuns } from "./store/runs.ts";
import { listPromoted } from "./store/deviations.ts";

/**
 * Leaves in a baseline what the accepted runs did, and behaviours that were promoted one by one; everything else goes,
 * what was imported too. Behaviours and versions that stay keep since when they are in it. Meant for a transaction.
 */
export async function rebuild(db: Database, name: string, nodeMajor: number, now: number): Promise<void> {
  const runs = await acceptedRuns(db, name, nodeMajor);
  const runIds = new Set(runs.map((run) => run.run_id));
  const singles = new Set((await listPromoted(db, name)).map(keyOf));
  const wanted = new Map<string, Behaviour[]>();
  const known = new Set<string>();
  for (const run of runs) {
    const behaviours = await ownBehaviours(db, run.run_id);
    wanted.set(run.run_id, behaviours);
    for (const behaviour of behaviours) known.add(keyOf(behaviour));
  }
  const entries = (await getBaseline(db, name, nodeMajor))?.entries ?? [];
  const stale = entries.filter((entry) => {
    const isOfRun = entry.first_run !== null && runIds.has(entry.first_run) && known.has(keyOf(entry));
    return !isOfRun && !singles.has(keyOf(entry));
  });
  await removeBaselineEntries(db, name, stale, nodeMajor);
  const since = new Map((await listVersions(db, name, nodeMajor)).map((row) => [row.run_id, row.added_at]));
  await removeBaselineVersions(db, name, nodeMajor);
  for (const run of runs) {
    await addBaselineVersion(db, run, since.get(run.run_id) ?? now);
    await addBaselineEntries(db, run, wanted.get(run.run_id) ?? []);
  }
}

/** What a run did without what was merely allowed. */
export async function ownBehaviours(db: Database, runId: string): Promise<Behaviour[]> {
  const allowed = new Set((await listAllowed(db, runId)).map(keyOf));
  return (await listFingerprints(db, runId)).filter((behaviour) => !allowed.has(keyOf(behaviour)));
}

// --- internal ---

/** In the order of their versions. */
async function acceptedRuns(db: Database, name: string, nodeMajor: number): Promise<Sighting[]> {
  const runs: Sighting[] = [];
  for (const id of await listAcceptedRuns(db, name)) {
    const { version, result } = await getRunDetail(db, id);
    if (result !== null && nodeMajorOf(result) === nodeMajor)
      runs.push({ package: name, node_major: nodeMajor, version, run_id: id });
  }
  return runs.sort((a, b) => Bun.semver.order(a.version, b.version));
}
