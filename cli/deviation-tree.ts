import { basename } from "node:path";
import { chainTitle } from "../protocol/chains.ts";
import { CATEGORIES, SEVERITIES } from "../protocol/facts.ts";
import type { Ancestor, Deviation, Evidence } from "../protocol/models.ts";
import { count, type Paint, SEVERITY_STYLE } from "./output.ts";
import { safe } from "./safe.ts";

/** What the tree shows of a deviation; one that is not stored yet has it too. */
export type ShownDeviation = Pick<Deviation, "actor" | "category" | "value" | "severity" | "evidence"> &
  Partial<Pick<Deviation, "state" | "chain" | "step" | "drift" | "rejected_before" | "other_packages">>;

/**
 * Deviations as lines of a tree: the actors, the worst first; below each its deviations, the worst first, of equal ones the rarest; below
 * each of these the process that did it and the evidence.
 */
export function deviationTree(deviations: readonly ShownDeviation[], paint: Paint): string[] {
  // A chain stands with the actor of its last step: what it does there is what it is about.
  const findings = [...Map.groupBy(deviations, chainOf).values()].map((steps) => steps.toSorted(byStep));
  const weighed = findings.toSorted((a, b) => byWeight(a[0]!, b[0]!));
  const actors = [...Map.groupBy(weighed, (steps) => steps.at(-1)!.actor)];
  return actors.flatMap(([actor, own]) => [
    paint("cyan", safe(actor)),
    ...own.flatMap((steps, index) => branch(steps, index === own.length - 1, paint)),
  ]);
}

/** What a category is called, e.g. `new DNS name`; one of a newer server by its own name. */
export function categoryTitle(category: string): string {
  const known: Readonly<Record<string, { title: string }>> = CATEGORIES;
  return Object.hasOwn(known, category) ? known[category]!.title : safe(category);
}

/** A process by what it ran, e.g. `node worker.js (pid 42)`: the binary's name, for argv[0] can say anything. */
export function processLabel(process: Pick<Ancestor, "binary" | "argv" | "pid">): string {
  const name = basename(process.binary) || process.argv[0] || "unknown program";
  return `${safe([name, ...process.argv.slice(1)].join(" "), 160)} (pid ${process.pid})`;
}

/** The observation in one line: what, its result, when, how often. */
export function evidenceLine(evidence: Evidence, value: string): string {
  const seconds = (evidence.time_ms / 1000).toFixed(3);
  return [
    evidence.observed === value ? "" : safe(evidence.observed, 300),
    safe(evidence.result),
    `${safe(evidence.phase)} +${seconds} s`,
    evidence.count > 1 ? `${evidence.count.toLocaleString("en")} times` : "",
    `event ${evidence.event}`,
  ]
    .filter((part) => part !== "")
    .join(" · ");
}

/** How rare a behaviour is among the packages that were ever run. */
export function elsewhere(packages: number): string {
  return packages === 0 ? "in no other package" : `in ${count(packages, "other package")}`;
}

// --- internal ---

/** A chain by its id; what stands alone is a finding of its own. */
function chainOf(deviation: ShownDeviation): string | ShownDeviation {
  return deviation.chain ?? deviation;
}

function branch(steps: readonly ShownDeviation[], isLast: boolean, paint: Paint): string[] {
  const [first] = steps;
  if (first === undefined) return [];
  const stem = isLast ? "   " : "│  ";
  const { severity, chain } = first;
  const mark = `${isLast ? "└─" : "├─"} ${paint(SEVERITY_STYLE[severity], severity.padEnd(8))}`;
  if (!chain) return leafLines(first, { mark, stem }, paint);
  return [
    `${mark} ${paint("bold", safe(chainTitle(chain)))}`,
    ...steps.flatMap((step, index) =>
      leafLines(step, { mark: `${stem}   ${index + 1}.`, stem: `${stem}     ` }, paint),
    ),
  ];
}

function leafLines(deviation: ShownDeviation, { mark, stem }: { mark: string; stem: string }, paint: Paint): string[] {
  const { category, value, state, evidence, drift, rejected_before, other_packages } = deviation;
  const settled = state === undefined || state === "open" ? "" : ` (${state})`;
  const before = rejected_before ? ` ${paint("red", "(rejected before)")}` : "";
  const rarity = other_packages === undefined ? "" : elsewhere(other_packages);
  const proof = (text: string) => `${stem} ${paint("dim", [text, rarity].filter((part) => part !== "").join(" · "))}`;
  const lines = [`${mark} ${categoryTitle(category)}: ${paint("bold", safe(value, 300))}${settled}${before}`];
  if (drift === true) lines.push(`${stem} drift: the world changed`);
  // What a release's documents say was done by no process.
  if (category.startsWith("meta_")) {
    return evidence.observed === "" && rarity === "" ? lines : [...lines, proof(safe(evidence.observed, 300))];
  }
  const actor = evidence.processes.at(-1);
  return [
    ...lines,
    `${stem} by ${actor === undefined ? "an unknown process" : processLabel(actor)}`,
    proof(evidenceLine(evidence, value)),
  ];
}

function byStep(a: ShownDeviation, b: ShownDeviation): number {
  return (a.step ?? 0) - (b.step ?? 0);
}

function byWeight(a: ShownDeviation, b: ShownDeviation): number {
  return (
    SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity) ||
    (a.other_packages ?? 0) - (b.other_packages ?? 0) ||
    compare(a.category, b.category) ||
    compare(a.value, b.value)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
