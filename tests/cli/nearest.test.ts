import { expect, test } from "bun:test";
import fc from "fast-check";
import { levenshtein, nearest } from "../../cli/nearest.ts";

test.each([
  ["", "", 0],
  ["", "abc", 3],
  ["kitten", "sitting", 3],
  ["flaw", "lawn", 2],
  ["same", "same", 0],
])("from %j to %j it is %d letters", (a, b, distance) => {
  expect(levenshtein(a, b)).toBe(distance);
});

test("the distance is a metric", () => {
  const word = fc.string({ maxLength: 8 });
  fc.assert(
    fc.property(word, word, word, (a, b, c) => {
      expect(levenshtein(a, b)).toBe(levenshtein(b, a));
      expect(levenshtein(a, b) === 0).toBe(a === b);
      expect(levenshtein(a, c)).toBeLessThanOrEqual(levenshtein(a, b) + levenshtein(b, c));
    }),
  );
});

test("the nearest name is found, and a word like none of them has none", () => {
  const names = ["scan", "run", "deviation", "version"];
  expect(nearest("sacn", names)).toBe("scan");
  expect(nearest("deviatons", names)).toBe("deviation");
  expect(nearest("verison", names)).toBe("version");
  expect(nearest("xyz", names)).toBeUndefined();
  expect(nearest("qq", ["up"])).toBeUndefined();
});
