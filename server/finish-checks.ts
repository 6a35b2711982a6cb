/** What must be true of a result and of its analysis, whatever either says. */
import { FangsError } from "../protocol/errors.ts";
import type { AnalysisInput, AnalysisOutput } from "./analysis/types.ts";

/** A baseline must never be made or confirmed by a run that did not complete: that is not left to analysis alone. */
export function checkOutput(input: AnalysisInput, output: AnalysisOutput): void {
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

/**
 * Refuses a result whose trace is not the one that is stored.
 *
 * @throws FangsError conflict
 */
export function checkSegments(stored: number[], expected: number): void {
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
