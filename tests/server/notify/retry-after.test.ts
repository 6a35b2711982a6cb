import { expect, test } from "bun:test";
import { BACKOFF_MS, delayAfter, LONGEST_WAIT_MS, parseRetryAfter } from "../../../server/notify/retry-after.ts";

const NOW = Date.parse("2026-11-24T08:00:00Z");

test.each([
  ["120", 120_000],
  [" 1 ", 1000],
  ["0.5", 500],
  ["Tue, 24 Nov 2026 08:01:00 GMT", 60_000],
  ["Tuesday, 24-Nov-26 08:01:00 GMT", 60_000],
  ["86400", LONGEST_WAIT_MS],
  ["Wed, 25 Nov 2026 08:01:00 GMT", LONGEST_WAIT_MS],
  ["9999999999", LONGEST_WAIT_MS],
  ["99999999999999999999", null],
  ["Tue, 24 Nov 2026 07:00:00 GMT", null],
  ["-5", null],
  ["0", null],
  ["", null],
  ["soon", null],
  ["1e9", null],
  ["NaN", null],
])("Retry-After %j asks for %p ms", (header, expected) => {
  expect(parseRetryAfter(header, NOW)).toBe(expected);
});

test("attempts are ever further apart, a quarter more or less, and end within the hour", () => {
  const delays = [1, 2, 3, 4].map((attempt) =>
    [0, 0.999_999].map((chance) => delayAfter(attempt, null, BACKOFF_MS, () => chance)),
  );
  expect(delays).toEqual([
    [7500, 12_500],
    [45_000, 75_000],
    [270_000, 450_000],
    [1_620_000, 2_699_999],
  ]);
});

test("what a receiver asks for is a floor", () => {
  expect(delayAfter(1, 3_000_000, BACKOFF_MS, () => 0)).toBe(3_000_000);
  expect(delayAfter(4, 1000, BACKOFF_MS, () => 0)).toBe(1_620_000);
});
