import { EXIT } from "../protocol/errors.ts";
import { SEVERITIES, type Severity } from "../protocol/facts.ts";
import { DEVIATION_STATES, type Run } from "../protocol/models.ts";
import { deviationTree, type ShownDeviation } from "./deviation-tree.ts";
import { count, type Paint, SEVERITY_STYLE, STATE_STYLE } from "./output.ts";
import { safe } from "./safe.ts";

/** What the verdict of a run is read from; a run that no server knows has it too. */
export type Outcome = Pick<Run, "package" | "version" | "state" | "verdict" | "reason">;

/** The verdict of a run in a line, why, and its deviations as a tree. */
export function verdictLines(run: Outcome, deviations: readonly ShownDeviation[], paint: Paint): string[] {
  const word = run.verdict ?? run.state;
  const style = STATE_STYLE[word];
  const worst = SEVERITIES.findLast((severity) => deviations.some((deviation) => deviation.severity === severity));
  const tally =
    worst === undefined
      ? ""
      : `, ${count(deviations.length, "deviation")}${decisions(deviations)}, the worst ${paint(SEVERITY_STYLE[worst], worst)}`;
  const lines = [
    `${safe(`${run.package} ${run.version}`)}: ${style === undefined ? word : paint(style, word)}${tally}`,
  ];
  if (run.reason !== null) lines.push(safe(run.reason));
  return deviations.length === 0 ? lines : [...lines, "", ...deviationTree(deviations, paint)];
}

/**
 * The exit code of an ended run: 0 for seeded and clean, 1 for a deviation of `failOn` or worse that nobody has
 * promoted, that was not withdrawn and that is no drift, 3 where there is nothing to go by.
 */
export function verdictExit(run: Outcome, deviations: readonly ShownDeviation[], failOn: Severity): number {
  if (run.state !== "done" || run.verdict === null || run.verdict === "inconclusive") return EXIT.undecided;
  if (run.verdict !== "deviant") return EXIT.clean;
  const least = SEVERITIES.indexOf(failOn);
  const fails = deviations.some(
    ({ severity, state, drift }) =>
      SEVERITIES.indexOf(severity) >= least && state !== "promoted" && state !== "withdrawn" && drift !== true,
  );
  return fails ? EXIT.deviant : EXIT.clean;
}

// --- internal ---

/** How many are open, promoted and rejected, where that is known. */
function decisions(deviations: readonly ShownDeviation[]): string {
  const parts = DEVIATION_STATES.flatMap((state) => {
    const number = deviations.filter((one) => one.state === state).length;
    return number === 0 ? [] : [`${number} ${state}`];
  });
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`;
}
