/**
 * The verdict of a stored run again, by today's rules, allow-list and severities, and against the baseline of then. A seeded run stays seeded;
 * nothing becomes a baseline by this. What was decided about a deviation stays decided.
 */
import { FangsError } from "../protocol/errors.ts";
import type { AllowEntry, Deviation, RunDetail, RunResult } from "../protocol/models.ts";
import type { Reanalysis } from "../protocol/requests.ts";
import { compileRewrite } from "./analysis/operator-rules.ts";
import type { AnalysisInput, AnalysisOutput, NewDeviation } from "./analysis/types.ts";
import { readControl } from "./control.ts";
import { readTrace } from "./ingest.ts";
import { nodeMajorOf } from "./node-major.ts";
import type { Services } from "./services.ts";
import { maxSeverity } from "./severity.ts";
import { allowFor } from "./store/allow.ts";
import { deleteAllowed, insertAllowed } from "./store/allowed.ts";
import { audit } from "./store/audit.ts";
import { readBaselineOf } from "./store/baselines.ts";
import { deviationsOfRun, insertDeviations, updateDeviation } from "./store/deviations.ts";
import { deleteFingerprints, insertFingerprints } from "./store/fingerprints.ts";
import type { Database } from "./store/open.ts";
import { readSeverities } from "./store/packages.ts";
import { checkWhole } from "./whole-trace.ts";
import { getRunDetail } from "./store/judged-runs.ts";
import { getRun, judgedAt, updateRun } from "./store/runs.ts";

/**
 * Answers what today's rules change of a run; stores it unless `dryRun`.
 *
 * @throws FangsError not_found; trace_pruned, trace_missing, bucket_unavailable; conflict for a run without a verdict or a baseline to compare with
 */
export async function reanalyseRun(
  services: Services,
  id: string,
  { dryRun, actor }: { dryRun: boolean; actor: string },
): Promise<Reanalysis> {
  const segments = await readTrace(services, id);
  const { package: name } = await getRun(services.db, id);
  return services.db.transaction(async (db) => {
    const run = await getRunDetail(db, id);
    const result = judgedResult(run, segments.length);
    const allow = await allowFor(db, run.package, services.now(), services.rules.allow);
    const analysed = services.analysis.analyse(await inputOf(services, db, { run, result, segments, allow }));
    // Of what a seeded run was judged as one, and with which others, only its reason of then tells.
    const isSeeded = run.verdict === "seeded" && analysed.verdict === "seeded";
    const output = isSeeded ? { ...analysed, reason: run.reason } : analysed;
    checkSound(run, output);
    const change = compare(services, output.deviations, await deviationsOfRun(db, id));
    const reanalysis: Reanalysis = {
      run_id: id,
      package: run.package,
      version: run.version,
      before: { verdict: run.verdict, reason: run.reason, rules: run.rules },
      after: { verdict: output.verdict, reason: output.reason, rules: output.rules },
      added: change.added.map(behaviourOf),
      removed: change.withdrawn.map(behaviourOf),
      stored: !dryRun,
    };
    if (!dryRun) await store(db, { run, output, allow, change, reanalysis, actor, now: services.now() });
    return reanalysis;
  }, `package ${name}`);
}

// --- internal ---

interface Change {
  /** New ones that were not found then. */
  added: NewDeviation[];
  /** Open ones of then that today's rules do not find. */
  withdrawn: Deviation[];
  /** Those of then that are found again, open ones or decided ones. */
  kept: { old: Deviation; now: NewDeviation }[];
}

function judgedResult(run: RunDetail, segments: number): RunResult {
  const refuse = (why: string, hint: string): never => {
    throw new FangsError("conflict", `The run ${run.id} cannot be judged again: ${why}.`, { hint });
  };
  if (run.state !== "done" || run.result === null) {
    return refuse(`it is ${run.state}`, "Only a run that ended with a verdict has one to be made again.");
  }
  if (run.kind === "control") {
    return refuse("it is a control run", `Its words count in the verdict of ${run.control_of ?? "another run"}.`);
  }
  checkWhole(run, segments, run.result.segments);
  return run.result;
}

async function inputOf(
  services: Services,
  db: Database,
  { run, result, segments, allow }: { run: RunDetail; result: RunResult; segments: Uint8Array[]; allow: AllowEntry[] },
): Promise<AnalysisInput> {
  const { id, package: name, version, release } = run;
  const then = { id, package: name, node_major: nodeMajorOf(result), judged_at: await judgedAt(db, id) };
  return {
    package: name,
    version,
    result,
    segments,
    allow,
    release,
    seeding: run.kind === "seed",
    baseline: run.verdict === "seeded" ? null : await readBaselineOf(db, then),
    severities: await readSeverities(db, name),
    rules: services.rules.normalize,
    control: await readControl(services, db, run),
  };
}

/** Rules decide what is new, never what is trusted. */
function checkSound(run: RunDetail, output: AnalysisOutput): void {
  if (output.verdict !== "seeded" || run.verdict === "seeded") return;
  throw new FangsError("conflict", `The run ${run.id} cannot be judged again: there is no baseline of then.`, {
    hint: "Its package was removed or reset since, or had none yet; retry the run.",
  });
}

function compare(services: Services, now: readonly NewDeviation[], then: readonly Deviation[]): Change {
  const rewrite = compileRewrite(services.rules.normalize);
  const keyOf = ({ actor, category, value }: Pick<Deviation, "actor" | "category" | "value">): string =>
    `${actor}\0${category}\0${value}`;
  const waiting = new Map(now.map((deviation) => [keyOf(deviation), deviation]));
  const change: Change = { added: [], withdrawn: [], kept: [] };
  // Where several have become one, the decided one stands for it.
  for (const old of then.toSorted((a, b) => Number(a.state === "open") - Number(b.state === "open"))) {
    // One of then under a value that is written differently today is the same one.
    const known = now.find(({ category }) => category === old.category)?.category;
    const value = known === undefined ? old.value : rewrite(known, old.value);
    const key = [keyOf(old), keyOf({ ...old, value })].find((candidate) => waiting.has(candidate));
    const found = key === undefined ? undefined : waiting.get(key);
    if (key !== undefined && found !== undefined) {
      waiting.delete(key);
      change.kept.push({ old, now: found });
    } else if (old.state === "open") change.withdrawn.push(old);
  }
  change.added.push(...waiting.values());
  return change;
}

async function store(
  db: Database,
  {
    run,
    output,
    allow,
    change,
    reanalysis,
    actor,
    now,
  }: {
    run: RunDetail;
    output: AnalysisOutput;
    allow: readonly AllowEntry[];
    change: Change;
    reanalysis: Reanalysis;
    actor: string;
    now: number;
  },
): Promise<void> {
  await deleteFingerprints(db, run.id);
  const nodeMajor = run.result === null ? null : nodeMajorOf(run.result);
  await insertFingerprints(db, { ...run, node_major: nodeMajor }, output.fingerprints, now);
  await deleteAllowed(db, run.id);
  await insertAllowed(db, run.id, output.allowed, allow);
  for (const { id } of change.withdrawn) await updateDeviation(db, id, { state: "withdrawn" });
  for (const { old, now: found } of change.kept) {
    const { value, severity, chain, step, drift } = found;
    const state = old.state === "withdrawn" ? "open" : old.state;
    await updateDeviation(db, old.id, { value, severity, chain, step, drift: drift ? 1 : 0, state });
  }
  await insertDeviations(db, run, change.added, now);
  await updateRun(db, run.id, {
    verdict: output.verdict,
    reason: output.reason,
    rules: output.rules,
    deviations: output.deviations.length,
    max_severity: maxSeverity(output.deviations),
  });
  const isSame = Bun.deepEquals(reanalysis.before, reanalysis.after);
  if (isSame && change.added.length === 0 && change.withdrawn.length === 0) return;
  await audit(db, {
    at: now,
    actor,
    action: "run.reanalyse",
    subject: run.id,
    before: { ...reanalysis.before, removed: change.withdrawn.map(({ id }) => id) },
    after: { ...reanalysis.after, added: change.added.length },
  });
}

function behaviourOf({ actor, category, value, severity }: Deviation | NewDeviation): Reanalysis["added"][number] {
  return { actor, category, value, severity };
}
