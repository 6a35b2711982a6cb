/** Baselines from several releases: their runs are made side by side and judged together. */
import type { RunDetail } from "../protocol/models.ts";
import { nodeMajorOf } from "./node-major.ts";
import { recordChange } from "./store/baseline-changes.ts";
import { addBaselineEntries, addBaselineVersion, readBaseline } from "./store/baselines.ts";
import { listFingerprints } from "./store/fingerprints.ts";
import type { Database } from "./store/open.ts";
import { getRunDetail } from "./store/judged-runs.ts";
import { decideRun, updateRun } from "./store/runs.ts";
import { endSeeding, hasEnded, isSeeding, listSeeds } from "./store/seeds.ts";

/** What a run is to the seeding of its package: one of the seeds, or to `wait` for them as it has no baseline yet. */
export async function roleInSeeding(
  db: Database,
  run: Pick<RunDetail, "id" | "kind" | "package" | "result">,
): Promise<"none" | "seed" | "wait"> {
  // A verdict waits for a control run: that one waits for nobody.
  if (run.kind === "control" || run.result === null || !(await isSeeding(db, run.package))) return "none";
  if ((await readBaseline(db, run.package, nodeMajorOf(run.result))) !== null) return "none";
  const seeds = await listSeeds(db, run.package);
  return seeds.some((seed) => seed.run_id === run.id) ? "seed" : "wait";
}

/**
 * Makes the baseline once all seeds have ended, out of those that were complete; meant for the transaction in which
 * a run ends. Where none was, there is no baseline. False: the package is not being seeded, or seeds are still awaited.
 */
export async function settleSeeding(db: Database, name: string, now: number): Promise<boolean> {
  if (!(await isSeeding(db, name))) return false;
  const seeds = await listSeeds(db, name);
  if (!seeds.every(hasEnded)) return false;
  const complete: RunDetail[] = [];
  for (const seed of seeds) {
    const run = await getRunDetail(db, seed.run_id);
    if (run.verdict === "seeded" && run.decision !== "rejected") complete.push(run);
  }
  await endSeeding(db, name);
  const versions = complete.map((run) => run.version).join(", ");
  const reason = `Seeded from ${complete.length} of ${seeds.length} releases: ${versions || "none was complete"}.`;
  await recordChange(db, { at: now, actor: "fangs", action: "baseline.seed", subject: name, reason }, async () => {
    // The lowest version first: it gets the credit for what all of them show.
    for (const run of complete) await acceptSeed(db, run, now);
  });
  for (const run of complete) await updateRun(db, run.id, { reason });
  return true;
}

// --- internal ---

async function acceptSeed(db: Database, run: RunDetail, now: number): Promise<void> {
  if (run.result === null) return;
  const seen = {
    package: run.package,
    node_major: nodeMajorOf(run.result),
    version: run.version,
    run_id: run.id,
  };
  await addBaselineVersion(db, seen, now);
  await addBaselineEntries(db, seen, await listFingerprints(db, run.id));
  await decideRun(db, run.id, "accepted");
}
