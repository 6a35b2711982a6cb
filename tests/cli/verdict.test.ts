import { expect, test } from "bun:test";
import { painter } from "../../cli/output.ts";
import { verdictExit, verdictLines } from "../../cli/verdict.ts";
import { aDeviation, aRun } from "./support.ts";

test("a deviation that was promoted or withdrawn, or is drift, fails nothing; one that was rejected does", () => {
  expect(verdictExit(aRun(), [aDeviation({ state: "promoted" })], "low")).toBe(0);
  expect(verdictExit(aRun(), [aDeviation({ state: "withdrawn" })], "low")).toBe(0);
  expect(verdictExit(aRun(), [aDeviation({ drift: true })], "low")).toBe(0);
  expect(verdictExit(aRun(), [aDeviation({ state: "rejected" })], "low")).toBe(1);
});

test("a run that cannot be decided outranks its deviations", () => {
  expect(verdictExit(aRun({ verdict: "inconclusive" }), [aDeviation()], "low")).toBe(3);
  expect(verdictExit(aRun({ state: "failed" }), [aDeviation()], "low")).toBe(3);
});

test("a verdict without deviations is a line, and its reason another", () => {
  const run = aRun({ verdict: "inconclusive", reason: "3 events were lost.\x07" });
  expect(verdictLines(run, [], painter(false))).toEqual(["left-pad 1.3.1: inconclusive", "3 events were lost.\\x07"]);
});

test("the worst severity is named and coloured", () => {
  const [line] = verdictLines(
    aRun(),
    [aDeviation({ severity: "low" }), aDeviation({ severity: "critical" })],
    painter(true),
  );
  expect(line).toBe(
    "left-pad 1.3.1: \x1b[31mdeviant\x1b[0m, 2 deviations (2 open), the worst \x1b[1;31mcritical\x1b[0m",
  );
});
