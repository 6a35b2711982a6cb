/** The end of a run: its result arrives, it is analysed once, and everything that follows is stored at once. */
import { FangsError } from "../protocol/errors.ts";
import type { AllowEntry, Run, RunDetail, RunResult } from "../protocol/models.ts";
import { LOSS } from "../protocol/trace.ts";
import type { AnalysisInput, AnalysisOutput } from "./analysis/types.ts";
import { settleClock } from "./clock.ts";
import { askForControl, readControl } from "./control.ts";
import { readTrace } from "./ingest.ts";
import { discardSegment } from "./segment.ts";
import { releaseOf } from "./look-ahead.ts";
import { nodeMajorOf } from "./node-major.ts";
import { leaseLost } from "./queue.ts";
import { roleInSeeding, settleSeeding } from "./seeding.ts";
import type { Metrics } from "./metrics.ts";
import type { Services } from "./services.ts";
import { isTold, queueFailure, queueVerdict } from "./notify/queue.ts";
import { maxSeverity } from "./severity.ts";
import { allowFor } from "./store/allow.ts";
import { insertAllowed } from "./store/allowed.ts";
import { recordChange } from "./store/baseline-changes.ts";
import { addBaselineEntries, addBaselineVersion, readBaseline, touchBaseline } from "./store/baselines.ts";
import { insertDeviations } from "./store/deviations.ts";
import { isPassing } from "./store/failure.ts";
import { insertFingerprints } from "./store/fingerprints.ts";
import { deleteJob } from "./store/jobs.ts";
import { together } from "./store/together.ts";
import type { Database } from "./store/open.ts";
import { readSeverities } from "./store/packages.ts";
import {
  decideRun,
  getLease,
  getRun,
  getRunDetail,
  listControlled,
  listRunIds,
  moveRun,
  tryMoveRun,
  updateRun,
} from "./store/runs.ts";
import { segmentNumbers } from "./store/traces.ts";

/**
 * Accepts a result and answers with the analysed run. The same lease again gets the same answer.
 *
 * @throws FangsError lease_lost; conflict where segments are missing
 */
export async function acceptResult(services: Services, runId: string, lease: string, result: RunResult): Promise<Run> {
  const isNew = await services.db.transaction(async (db) => {
    const [held, { numbers, events, bytes }] = await together(getLease(db, runId), segmentNumbers(db, runId));
    if (held?.lease !== lease) throw leaseLost(runId);
    if (held.state !== "leased" && held.state !== "running") return false;
    checkSegments(numbers, result.segments);
    await together(
      deleteJob(db, runId),
      moveRun(db, runId, "analysing", {
        result: JSON.stringify(result),
        events,
        trace_bytes: bytes,
        ended_at: services.now(),
      }),
    );
    return true;
  }, `run ${runId}`);
  if (isNew) countResult(services.metrics, result);
  await analyseRun(services, runId);
  return getRun(services.db, runId);
}

/** Analyses what a stopped server left behind, and what waited: for the seeds of its package, or for its control run. One bad run does not keep the others from it. */
export async function resumeAnalyses(services: Services): Promise<void> {
  for (const id of await listRunIds(services.db, "analysing")) await analyseRun(services, id);
  await settleControlled(services);
}

/** Ends the waiting of runs whose control run has ended, or that waited long enough. */
export async function settleControlled(services: Services): Promise<void> {
  await settleClock(services);
  for (const id of await listControlled(services.db, services.now())) {
    await services.db.transaction(async (db) => {
      await tryMoveRun(db, id, "analysing");
    }, "rows");
    await analyseRun(services, id);
  }
}

// --- internal ---

function countResult({ dropped, runSeconds }: Metrics, { losses, started_at, ended_at }: RunResult): void {
  runSeconds.observe(Math.max(0, ended_at - started_at) / 1000);
  for (const { cause, count } of losses) dropped.inc({ cause: Object.hasOwn(LOSS, cause) ? cause : "other" }, count);
}

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
  if (run.state !== "analysing" || result === null || (await roleInSeeding(db, run)) === "wait") return;
  const nodeMajor = nodeMajorOf(result);
  const release = await releaseOf(services, run, nodeMajor);
  const done = metrics.analysisSeconds.startTimer();
  // Whether others can go on now: a control run was queued, or the package has its baseline.
  let freesOthers = false;
  let segments: Uint8Array[] = [];
  try {
    const lease = (await getLease(db, id))?.lease ?? "";
    segments = services.fresh.take(id, lease, result.segments) ?? (await readTrace(services, id));
    // Baseline and verdict in one transaction: two first runs of a package cannot both seed it.
    const output = await db.transaction(async (inner) => {
      // Another orchestrator may have been faster, or an operator.
      const now = services.now();
      const [held, role, stored, allow, severities] = await together(
        getLease(inner, id),
        roleInSeeding(inner, run),
        readBaseline(inner, run.package, nodeMajor),
        allowFor(inner, run.package, now, services.rules.allow),
        readSeverities(inner, run.package),
      );
      if (held?.state !== "analysing" || role === "wait") return undefined;
      if (release !== run.release) await updateRun(inner, id, { release: JSON.stringify(release) });
      const input = {
        package: run.package,
        version: run.version,
        result,
        segments,
        allow,
        release,
        seeding: role === "seed",
        // What a control run does is compared, but is never the beginning of a baseline.
        baseline: run.kind === "control" ? (stored ?? []) : stored,
        severities,
        rules: services.rules.normalize,
        control: await readControl(services, inner, run),
      };
      const analysed = services.analysis.analyse(input);
      checkOutput(input, analysed);
      if (input.control === null && (await askForControl(services, inner, run, analysed))) {
        freesOthers = true;
        return undefined;
      }
      await store(inner, { run, nodeMajor, allow, isSeed: input.seeding }, analysed, now);
      if (await settleSeeding(inner, run.package, now)) freesOthers = true;
      return analysed;
    }, `package ${run.package}`);
    if (output === undefined) return;
    if (run.kind === "control") return await settleControlled(services);
    metrics.runs.inc({ verdict: output.verdict });
    if (isTold(output.verdict)) services.notify.due.fire();
    for (const { category, severity } of output.deviations) metrics.deviations.inc({ category, severity });
  } catch (cause) {
    // Not the run's fault: it is analysed later.
    if (isPassing(cause)) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    const failed = await db.transaction(async (inner) => {
      // An operator may have ended the run meanwhile, or another orchestrator.
      if ((await getLease(inner, id))?.state !== "analysing") return false;
      await moveRun(inner, id, "failed", { reason: `The analysis failed: ${why}` });
      await queueFailure(inner, run, services.now());
      await settleSeeding(inner, run.package, services.now());
      return true;
    }, `package ${run.package}`);
    if (!failed) return;
    freesOthers = true;
    metrics.runs.inc({ verdict: "failed" });
    services.notify.due.fire();
  } finally {
    for (const segment of segments) discardSegment(segment);
    done();
    if (freesOthers) services.jobs.fire();
  }
}

interface Context {
  run: RunDetail;
  nodeMajor: number;
  allow: readonly AllowEntry[];
  /** Whether the baseline is made later, together with the other seeds. */
  isSeed: boolean;
}

async function store(db: Database, context: Context, output: AnalysisOutput, now: number): Promise<void> {
  const { run, nodeMajor, allow, isSeed } = context;
  const seen = { package: run.package, node_major: nodeMajor, version: run.version, run_id: run.id };
  // A control run serves another one's verdict: nothing is to be decided about it, and it confirms nothing.
  const isControl = run.kind === "control";
  await together(
    insertFingerprints(db, run, output.fingerprints, now),
    insertAllowed(db, run.id, output.allowed, allow),
    isControl ? undefined : insertDeviations(db, run, output.deviations, now),
  );
  await together(
    output.verdict === "clean" && !isControl ? touchBaseline(db, seen) : undefined,
    moveRun(db, run.id, "done", {
      verdict: output.verdict,
      reason: output.reason,
      rules: output.rules,
      judged_at: now,
      deviations: isControl ? 0 : output.deviations.length,
      max_severity: isControl ? null : maxSeverity(output.deviations),
    }),
    queueVerdict(db, run, output.verdict, maxSeverity(output.deviations), now),
  );
  if (output.verdict !== "seeded" || isSeed) return;
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
