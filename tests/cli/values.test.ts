import { expect, test } from "bun:test";
import { parseCount, parseDuration, parseLimit } from "../../cli/values.ts";

test.each([
  ["500ms", 500],
  ["90s", 90_000],
  ["5m", 300_000],
  ["1h30m", 5_400_000],
  ["2d", 172_800_000],
  ["0s", 0],
])("%s is %d ms", (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds);
});

test.each(["", "5", "m", "5 m", "-5m", "5min", "1.5h", "5m!", "9999999999s"])("%j is no length of time", (text) => {
  expect(() => parseDuration(text)).toThrow("is not a length of time");
});

test("a limit is a whole number from 1", () => {
  expect(parseLimit("1")).toBe(1);
  for (const text of ["0", "-1", "1.5", "1e3", "100001", " 1", ""])
    expect(() => parseLimit(text)).toThrow(`"${text}" is not`);
});

test("a count may be 0", () => {
  expect(parseCount("0")).toBe(0);
  expect(() => parseCount("0x10")).toThrow('"0x10" is not a whole number');
});
