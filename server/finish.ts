/** The end of a run: its result arrives, it is analysed once, and everything that follows is stored at once. */
import { FangsError } from "../protocol/errors.ts";
import type { ReleaseMeta, Run, RunDetail, RunResult } from "../protocol/models.ts";
import type { AnalysisInput, AnalysisOutput } from "./analysis/types.ts";
import { askForControl, readControl } from "./control.ts";
import { readTrace } from "./ingest.ts";
import { leaseLost } from "./queue.ts";
import type { Services } from "./services.ts";
import { audit } from "./store/audit.ts";
import { readReleaseMeta } from "./release-meta.ts";
import {
  acceptedVersions,
  addBaselineEntries,
  addBaselineVersion,
  readBaseline,
  touchBaseline,
} from "./store/baselines.ts";
import { insertDeviations } from "./store/deviations.ts";
import { insertFingerprints } from "./store/fingerprints.ts";
import { deleteJob } from "./store/jobs.ts";
import type { Database } from "./store/open.ts";
import { getLease, getRun, getRunDetail, listControlled, listRunIds, moveRun, updateRun } from "./store/runs.ts";
import { segmentNumbers } from "./store/traces.ts";
import { maxSeverity } from "./severity.ts";

/**
 * Accepts a result and answers with the analysed run. The same lease again gets the same answer.
 *
 * @throws FangsError lease_lost; conflict where segments are missing
 */
export async function acceptResult(services: Services, runId: string, lease: string, result: RunResult): Promise<Run> {
  await services.db.transaction(async (db) => {
    const held = await getLease(db, runId);
    if (held?.lease !== lease) throw leaseLost(runId);
    if (held.state !== "leased" && held.state !== "running") return;
    const { numbers, events } = await segmentNumbers(db, runId);
    checkSegments(numbers, result.segments);
    await moveRun(db, runId, "analysing", { result: JSON.stringify(result), events, ended_at: services.now() });
    await deleteJob(db, runId);
  });
  await analyseRun(services, runId);
  return getRun(services.db, runId);
}

/** Analyses what a stopped server left behind. One bad run does not keep the others from it. */
export async function resumeAnalyses(services: Services): Promise<void> {
  for (const id of await listRunIds(services.db, "analysing")) await analyseRun(services, id);
  await settleControlled(services);
}

/** Ends the waiting of runs whose control run has ended, or that waited long enough. */
export async function settleControlled(services: Services): Promise<void> {
  for (const id of await listControlled(services.db, services.now())) {
    await services.db.transaction(async (db) => {
      if ((await getRun(db, id)).state === "controlling") await moveRun(db, id, "analysing");
    });
    await analyseRun(services, id);
  }
}

// --- internal ---

/** One analysis at a time for a run, however many ask for it. */
async function analyseRun(services: Services, id: string): Promise<void> {
  let running = services.analysing.get(id);
  if (running === undefined) {
    running = analyseStored(services, id).finally(() => services.analysing.delete(id));
    services.analysing.set(id, running);
  }
  await running;
}

async function analyseStored(services: Services, id: string): Promise<void> {
  const { db, metrics } = services;
  const run = await getRunDetail(db, id);
  const { result } = run;
  if (run.state !== "analysing" || result === null) return;
  const release = run.release ?? (await lookUp(services, run));
  const done = metrics.analysisSeconds.startTimer();
  try {
    const segments = await readTrace(db, id);
    // Baseline and verdict in one transaction: two first runs of a package cannot both seed it.
    const output = await db.transaction(async (inner) => {
      const stored = await readBaseline(inner, run.package);
      // What a control run does is compared, but is never the beginning of a baseline.
      const baseline = run.kind === "control" ? (stored ?? []) : stored;
      const control = await readControl(services, inner, run);
      const { normalize: rules } = services.rules;
      const input = { package: run.package, version: run.version, result, segments, baseline, rules, release, control };
      const analysed = services.analysis.analyse(input);
      checkOutput(input, analysed);
      if (control === null && (await askForControl(services, inner, run, analysed))) return null;
      await store(inner, run, analysed, services.now());
      return analysed;
    });
    if (output === null) return services.jobs.fire();
    if (run.kind === "control") return await settleControlled(services);
    metrics.runs.inc({ verdict: output.verdict });
    for (const { category, severity } of output.deviations) metrics.deviations.inc({ category, severity });
  } catch (cause) {
    // An operator may have ended the run meanwhile.
    if ((await getRun(db, id)).state !== "analysing") return;
    const why = cause instanceof Error ? cause.message : String(cause);
    await moveRun(db, id, "failed", { reason: `The analysis failed: ${why}` });
    metrics.runs.inc({ verdict: "failed" });
  } finally {
    done();
  }
}

/** What the release's documents say, looked up once and kept with the run. */
async function lookUp(services: Services, run: RunDetail): Promise<ReleaseMeta | null> {
  if (run.kind === "control") return null;
  const accepted = await acceptedVersions(services.db, run.package);
  const release = await readReleaseMeta(services.registry, { package: run.package, version: run.version, accepted });
  await updateRun(services.db, run.id, { release: JSON.stringify(release) });
  return release;
}

async function store(db: Database, run: RunDetail, output: AnalysisOutput, now: number): Promise<void> {
  const seen = { package: run.package, version: run.version, run_id: run.id };
  await insertFingerprints(db, run.id, output.fingerprints);
  const isControl = run.kind === "control";
  if (!isControl) await insertDeviations(db, run, output.deviations, now);
  if (output.verdict === "seeded") {
    await addBaselineVersion(db, seen, now);
    await addBaselineEntries(db, seen, output.fingerprints);
    await audit(db, {
      at: now,
      actor: "fangs",
      action: "baseline.seed",
      subject: run.package,
      reason: `The first complete run, of ${run.version}.`,
      after: { run: run.id, entries: output.fingerprints.length },
    });
  }
  if (output.verdict === "clean" && !isControl) await touchBaseline(db, seen);
  await moveRun(db, run.id, "done", {
    verdict: output.verdict,
    reason: output.reason,
    rules: output.rules,
    deviations: isControl ? 0 : output.deviations.length,
    max_severity: isControl ? null : maxSeverity(output.deviations),
  });
}

/** A baseline must never be made or confirmed by a run that did not complete: that is not left to analysis alone. */
function checkOutput(input: AnalysisInput, output: AnalysisOutput): void {
  const { verdict } = output;
  const trusting = verdict === "seeded" || verdict === "clean";
  if (trusting && input.result.status !== "complete")
    throw new Error(`a run that did not complete was called ${verdict}`);
  if (verdict === "seeded" && input.baseline !== null)
    throw new Error("a package that has a baseline was seeded again");
  if (verdict === "clean" && (input.baseline === null || output.deviations.some(({ drift }) => !drift))) {
    throw new Error("a run was called clean that has deviations or nothing to be compared with");
  }
  if (output.deviations.some(({ drift }) => drift) && !(input.control && "fingerprints" in input.control)) {
    throw new Error("drift was seen without a control run");
  }
}

function checkSegments(stored: number[], expected: number): void {
  const have = new Set(stored);
  const missing = Array.from({ length: expected }, (_, seq) => seq).filter((seq) => !have.has(seq));
  const extra = stored.filter((seq) => seq >= expected);
  if (missing.length === 0 && extra.length === 0) return;
  const list = (numbers: number[]) => numbers.slice(0, 20).join(", ") + (numbers.length > 20 ? ", …" : "");
  const why =
    missing.length > 0
      ? `segments are missing: ${list(missing)}`
      : `more segments are stored than it counts: ${list(extra)}`;
  throw new FangsError("conflict", `The result does not fit the trace; ${why}.`, {
    hint: "Upload every segment, then send the result again.",
  });
}
