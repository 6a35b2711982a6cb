/**
 * Runs real releases and prints what came out as a Markdown table; about an hour on two cores:
 *
 *   bun tests/evaluation/evaluate.ts                     everything of releases.ts
 *   bun tests/evaluation/evaluate.ts same|bumps [name…]
 *
 * As root, after `bun build.ts`, with Docker running; the releases come from the registry of npm's own configuration.
 * FANGS_DATA_DIR keeps the runs and their evidence; without it they are removed. The exit code is 1 if anything is
 * new where a release was run again.
 */
import { BUMPS, type Case, SAME } from "./releases.ts";
import { type Evaluation, type Outcome, startEvaluation } from "./examine.ts";

const LISTS: Record<string, readonly Case[]> = { same: SAME, bumps: BUMPS };

const [list, ...names] = process.argv.slice(2);
const cases = Object.entries(LISTS).flatMap(([key, all]) => (list === undefined || list === key ? all : []));
const wanted = cases.filter(({ name }) => names.length === 0 || names.includes(name));
if (wanted.length === 0) {
  process.stderr.write(`Nothing to run: give one of ${Object.keys(LISTS).join(", ")}, and names of its packages.\n`);
  process.exit(2);
}
process.exit((await evaluate(wanted)) === 0 ? 0 : 1);

// --- internal ---

/** Prints a row for each case; how many deviations releases showed against themselves. */
async function evaluate(all: readonly Case[]): Promise<number> {
  await using evaluation = await startEvaluation(process.env["FANGS_DATA_DIR"]);
  let noise = 0;
  process.stdout.write("| package | releases | verdicts | deviations |\n| --- | --- | --- | --- |\n");
  for (const one of all) {
    const outcomes = await examineAll(one, evaluation);
    const { name, versions } = one;
    if (new Set(versions).size === 1) noise += outcomes.flatMap(({ deviations }) => deviations).length;
    const verdicts = outcomes.map(({ run }) => run.verdict ?? run.state);
    process.stdout.write(`| ${name} | ${counted(versions)} | ${counted(verdicts)} | ${findings(outcomes)} |\n`);
  }
  return noise;
}

async function examineAll({ name, versions }: Case, evaluation: Evaluation): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const version of versions) {
    const outcome = await evaluation.examine(name, version);
    process.stderr.write(`${name} ${version}: ${outcome.run.verdict} (${outcome.run.id})\n`);
    outcomes.push(outcome);
    // Without a baseline there is nothing to compare with.
    if (outcome.run.verdict === "inconclusive" && outcomes.length === 1) break;
  }
  return outcomes;
}

/** `a, b × 3`: what follows on the same is counted. */
function counted(values: readonly string[]): string {
  const series: { value: string; times: number }[] = [];
  for (const value of values) {
    const last = series.at(-1);
    if (last?.value === value) last.times++;
    else series.push({ value, times: 1 });
  }
  return series.map(({ value, times }) => (times === 1 ? value : `${value} × ${times}`)).join(", ");
}

function findings(outcomes: readonly Outcome[]): string {
  const lines = outcomes.flatMap(({ run, deviations }) => [
    ...(run.verdict === "inconclusive" ? [run.reason ?? ""] : []),
    ...deviations.map(({ severity, actor, category, value, drift }) => {
      return `${drift ? "drift" : severity} ${actor} \`${category} ${value}\``;
    }),
  ]);
  return lines.length === 0 ? "none" : [...new Set(lines)].join("<br>").replaceAll("|", "\\|");
}
