import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "../..");
const rows = readFileSync(join(ROOT, "docs/threat-model.md"), "utf8")
  .split("\n")
  .filter((line) => /^\| T\d/.test(line))
  .map((line) =>
    line
      .slice(2, -2)
      .split(" | ")
      .map((cell) => cell.trim()),
  );

test("threats are numbered from T1 without a gap", () => {
  expect(rows.length).toBeGreaterThan(10);
  expect(rows.map(([number]) => number)).toEqual(rows.map((_, i) => `T${i + 1}`));
});

test.each(rows)("%s, %s: says what protects and what does not, and the tests that show it are there", (...row) => {
  expect(row).toHaveLength(5);
  for (const cell of row) expect(cell).not.toBe("");
  const named = [...row[4]!.matchAll(/`(tests\/[^`]+\.test\.ts)`/g)].map(([, path]) => path!);
  expect(named.length).toBeGreaterThan(0);
  for (const path of named) expect([path, existsSync(join(ROOT, path))]).toEqual([path, true]);
});
