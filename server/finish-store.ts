/** What is written when a run gets its verdict. */
import type { AllowEntry, Run } from "../protocol/models.ts";
import type { AnalysisOutput } from "./analysis/types.ts";
import { queueVerdict } from "./notify/queue.ts";
import { maxSeverity } from "./severity.ts";
import { insertAllowed } from "./store/allowed.ts";
import { recordChange } from "./store/baseline-changes.ts";
import { addBaselineEntries, addBaselineVersion } from "./store/baselines.ts";
import { insertDeviations } from "./store/deviations.ts";
import { insertFingerprints } from "./store/fingerprints.ts";
import type { JudgedRun } from "./store/judged-runs.ts";
import type { Database } from "./store/open.ts";
import { decideRun, type Ended, getRun, moveRun } from "./store/runs.ts";
import { together } from "./store/together.ts";

/** The run that a verdict is about, and what goes with it. */
export interface Judgement {
  run: JudgedRun;
  nodeMajor: number;
  allow: readonly AllowEntry[];
  /** Whether the baseline is made later, together with the other seeds. */
  isSeed: boolean;
  /** What of its end is not stored yet. */
  ended: Partial<Ended>;
}

/** Stores a verdict and what it rests on, in the transaction that ends the run; answers the run as it is now. */
export async function storeVerdict(
  db: Database,
  { run, nodeMajor, allow, isSeed, ended }: Judgement,
  output: AnalysisOutput,
  now: number,
): Promise<Run> {
  const seen = { package: run.package, node_major: nodeMajor, version: run.version, run_id: run.id };
  // A control run serves another one's verdict: nothing is to be decided about it, and it confirms nothing.
  const isControl = run.kind === "control";
  await together(
    insertFingerprints(db, { ...run, node_major: nodeMajor }, output.fingerprints, now),
    insertAllowed(db, run.id, output.allowed, allow),
    isControl ? undefined : insertDeviations(db, run, output.deviations, now),
  );
  const [, stored] = await together(
    moveRun(db, run.id, "done", {
      ...ended,
      verdict: output.verdict,
      reason: output.reason,
      rules: output.rules,
      judged_at: now,
      deviations: isControl ? 0 : output.deviations.length,
      max_severity: isControl ? null : maxSeverity(output.deviations),
    }),
    getRun(db, run.id),
    queueVerdict(db, run, output.verdict, maxSeverity(output.deviations), now),
  );
  if (output.verdict !== "seeded" || isSeed) return stored;
  const reason = `The first complete run, of ${run.version}.`;
  await recordChange(
    db,
    { at: now, actor: "fangs", action: "baseline.seed", subject: run.package, reason },
    async () => {
      await addBaselineVersion(db, seen, now);
      await addBaselineEntries(db, seen, output.fingerprints);
      await decideRun(db, run.id, "accepted");
    },
  );
  return getRun(db, run.id);
}
