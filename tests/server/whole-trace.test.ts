import { expect, test } from "bun:test";
import { checkWhole } from "../../server/whole-trace.ts";

const code = (trace_pruned_at: number | null, segments: number, counted: number): unknown => {
  try {
    checkWhole({ id: "r", trace_pruned_at }, segments, counted);
    return "whole";
  } catch (thrown) {
    return thrown instanceof Error && "code" in thrown ? `${thrown.code}: ${thrown.message}` : thrown;
  }
};

test("a part of a trace is never taken for all of it", () => {
  expect(code(null, 2, 2)).toBe("whole");
  expect(code(null, 0, 0)).toBe("whole");
  expect(code(null, 1, 2)).toBe("trace_missing: The trace of the run r has 1 of its 2 segments.");
  expect(code(null, 0, 2)).toBe("trace_missing: The trace of the run r has 0 of its 2 segments.");
  // While it is taken away some are there still.
  expect(code(Date.UTC(2026, 0, 31), 2, 2)).toBe("trace_pruned: The trace of the run r was taken away on 2026-01-31.");
});
