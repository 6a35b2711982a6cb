/** The end of a run: its result arrives, it is analysed once, and everything that follows is stored at once. */
import { FangsError } from "../protocol/errors.ts";
import type { Run, RunResult } from "../protocol/models.ts";
import { LOSS } from "../protocol/trace.ts";
import { settleClock } from "./clock.ts";
import { askForControl, readControl } from "./control.ts";
import { checkOutput, checkSegments } from "./finish-checks.ts";
import { storeVerdict } from "./finish-store.ts";
import { readTrace } from "./ingest.ts";
import { discardSegment } from "./segment.ts";
import { releaseOf } from "./look-ahead.ts";
import { nodeMajorOf } from "./node-major.ts";
import { leaseLost } from "./queue.ts";
import { isHeld } from "./run-state.ts";
import { roleInSeeding, settleSeeding } from "./seeding.ts";
import type { Metrics } from "./metrics.ts";
import type { Services } from "./services.ts";
import { isTold, queueFailure } from "./notify/queue.ts";
import { allowFor } from "./store/allow.ts";
import { acceptedVersions, readBaseline } from "./store/baselines.ts";
import { isPassing } from "./store/failure.ts";
import { deleteJob } from "./store/jobs.ts";
import { together } from "./store/together.ts";
import type { Scope } from "./store/database.ts";
import type { Database } from "./store/open.ts";
import { readOwn } from "./store/packages.ts";
import { getArriving, getJudged, type JudgedRun } from "./store/judged-runs.ts";
import {
  type Ended,
  getLease,
  getRun,
  listControlled,
  listRunIds,
  moveRun,
  tryMoveRun,
  updateRun,
} from "./store/runs.ts";

/**
 * Accepts a result and answers with the analysed run. The same lease again gets the same answer.
 *
 * @throws FangsError lease_lost; conflict where segments are missing
 */
export async function acceptResult(services: Services, runId: string, lease: string, result: RunResult): Promise<Run> {
  const { db } = services;
  const arriving = await getArriving(db, runId, nodeMajorOf(result));
  if (arriving?.run.lease !== lease) throw leaseLost(runId);
  const { run, segments, accepted } = arriving;
  if (!isHeld(run.state)) return (await analyseStored(services, runId)) ?? getRun(db, runId);
  checkSegments(segments.numbers, result.segments);
  const { events, bytes: trace_bytes } = segments;
  const row = { result: JSON.stringify(result), events, trace_bytes, ended_at: services.now() };
  const key = `${runId} ${lease}`;
  const judged = await once(services, key, () => analyse(services, run, accepted, { lease, result, row }));
  return judged ?? getRun(db, runId);
}

/** Analyses what a stopped server left behind, and what waited: for the seeds of its package, or for its control run. One bad run does not keep the others from it. */
export async function resumeAnalyses(services: Services): Promise<void> {
  for (const id of await listRunIds(services.db, "analysing")) await analyseStored(services, id);
  await settleControlled(services);
}

/** Ends the waiting of runs whose control run has ended, or that waited long enough. */
export async function settleControlled(services: Services): Promise<void> {
  await settleClock(services);
  for (const id of await listControlled(services.db, services.now())) {
    await services.db.transaction(async (db) => {
      await tryMoveRun(db, id, "analysing");
    }, "rows");
    await analyseStored(services, id);
  }
}

// --- internal ---

function countResult({ dropped, runSeconds }: Metrics, { losses, started_at, ended_at }: RunResult): void {
  runSeconds.observe(Math.max(0, ended_at - started_at) / 1000);
  for (const { cause, count } of losses) dropped.inc({ cause: Object.hasOwn(LOSS, cause) ? cause : "other" }, count);
}

/** A result that is not stored yet, which is whoever moves its run. */
interface Arrival {
  lease: string;
  result: RunResult;
  row: Ended;
}

/** A run as its analysis left it; undefined: it got no verdict here. */
type Judged = Run | undefined;

/** However many ask for the same while it goes on, it is done once. */
async function once({ analysing }: Services, key: string, work: () => Promise<Judged>): Promise<Judged> {
  let running = analysing.get(key);
  if (running === undefined) {
    running = work().finally(() => analysing.delete(key));
    analysing.set(key, running);
  }
  return running;
}

/** Analyses a run whose result is stored; nothing where it is not its turn. */
async function analyseStored(services: Services, id: string): Promise<Judged> {
  const { db } = services;
  return once(services, id, async () => {
    const run = await getJudged(db, id);
    if (run?.state !== "analysing" || run.result === null || (await roleInSeeding(db, run)) === "wait")
      return undefined;
    return analyse(services, run, await acceptedVersions(db, run.package, nodeMajorOf(run.result)));
  });
}

/**
 * Analyses a run whose package's baseline was built by these versions.
 *
 * @throws FangsError lease_lost where an arrival comes too late
 */
async function analyse(
  services: Services,
  judged: JudgedRun,
  accepted: readonly string[],
  arrival?: Arrival,
): Promise<Judged> {
  const { db, metrics } = services;
  const { id } = judged;
  const result = arrival?.result ?? judged.result;
  if (result === null) return undefined;
  const run = { ...judged, result };
  const nodeMajor = nodeMajorOf(result);
  const release = await releaseOf(services, run, accepted);
  const scope: Scope = [`package ${run.package}`, `run ${id}`];
  const ended = arrival?.row ?? {};
  /** Stores the result by itself where the verdict has to wait: for a bucket, say. That it cannot be is what is told anyway. */
  async function takeIn(): Promise<void> {
    if (arrival === undefined) return;
    const isTaken = await db
      .transaction(async (inner) => {
        const isOurs = await begin(inner, id, arrival);
        if (isOurs) await moveRun(inner, id, "analysing", ended);
        return isOurs;
      }, scope)
      .catch(() => false);
    if (isTaken) countResult(metrics, arrival.result);
  }
  const done = metrics.analysisSeconds.startTimer();
  // Whether others can go on now: a control run was queued, or the package has its baseline.
  let freesOthers = false;
  let segments: Uint8Array[] = [];
  try {
    segments = services.fresh.take(id, run.lease ?? "", result.segments) ?? (await readTrace(services, id));
    // Baseline and verdict in one transaction: two first runs of a package cannot both seed it.
    const end = await db.transaction(async (inner) => {
      const now = services.now();
      const [isOurs, own, stored, allow] = await together(
        begin(inner, id, arrival),
        readOwn(inner, run.package),
        readBaseline(inner, run.package, nodeMajor),
        allowFor(inner, run.package, now, services.rules.allow),
      );
      if (!isOurs) return undefined;
      const role = own.isSeeding ? await roleInSeeding(inner, run) : "none";
      if (role === "wait") {
        if (arrival !== undefined) await moveRun(inner, id, "analysing", ended);
        return {};
      }
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
        severities: own.severities,
        rules: services.rules.normalize,
        // Nothing was asked for before its result was there.
        control: arrival === undefined ? await readControl(services, inner, run) : null,
      };
      const analysed = services.analysis.analyse(input);
      checkOutput(input, analysed);
      if (input.control === null && (await askForControl(services, inner, run, analysed, ended))) {
        freesOthers = true;
        return {};
      }
      const after = await storeVerdict(inner, { run, nodeMajor, allow, isSeed: input.seeding, ended }, analysed, now);
      if (!own.isSeeding || !(await settleSeeding(inner, run.package, now))) return { output: analysed, after };
      freesOthers = true;
      return { output: analysed, after: await getRun(inner, id) };
    }, scope);
    if (end !== undefined && arrival !== undefined) countResult(metrics, result);
    if (end?.output === undefined) return undefined;
    const { output, after } = end;
    if (run.kind === "control") {
      await settleControlled(services);
      return after;
    }
    metrics.runs.inc({ verdict: output.verdict });
    if (isTold(output.verdict)) services.notify.due.fire();
    for (const { category, severity } of output.deviations) metrics.deviations.inc({ category, severity });
    return after;
  } catch (cause) {
    // Not the run's fault: it is analysed later, or is somebody else's.
    if (isPassing(cause)) await takeIn();
    if (isPassing(cause) || isLeaseLost(cause)) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    const failed = await db.transaction(async (inner) => {
      const now = services.now();
      if (!(await begin(inner, id, arrival))) return false;
      await moveRun(inner, id, "failed", { ...ended, reason: `The analysis failed: ${why}` });
      await queueFailure(inner, run, now);
      await settleSeeding(inner, run.package, now);
      return true;
    }, scope);
    if (!failed) return undefined;
    if (arrival !== undefined) countResult(metrics, result);
    freesOthers = true;
    metrics.runs.inc({ verdict: "failed" });
    services.notify.due.fire();
    return undefined;
  } finally {
    for (const segment of segments) discardSegment(segment);
    done();
    if (freesOthers) services.jobs.fire();
  }
}

/**
 * Whether the run can be moved on here; nobody holds it from then on. Another orchestrator may have been faster, or an
 * operator.
 *
 * @throws FangsError lease_lost
 */
async function begin(db: Database, id: string, arrival?: Arrival): Promise<boolean> {
  if (arrival === undefined) return (await getLease(db, id))?.state === "analysing";
  const [held] = await together(getLease(db, id), deleteJob(db, id));
  if (held?.lease !== arrival.lease) throw leaseLost(id);
  return isHeld(held.state);
}

function isLeaseLost(thrown: unknown): boolean {
  return thrown instanceof FangsError && thrown.code === "lease_lost";
}
