import { expect, test } from "bun:test";
import fc from "fast-check";
import { count, painter, pairs, table, time } from "../../cli/output.ts";

const COLUMNS = [{ title: "NAME" }, { title: "N", right: true }, { title: "LAST" }];

test("a table is aligned by what a terminal shows, numbers to the right", () => {
  const rows = [
    ["left-pad", "7", "a"],
    ["日本", "1,204", "b"],
    ["🦷", "", ""],
  ];
  expect(`\n${table(COLUMNS, rows).join("\n")}\n`).toMatchInlineSnapshot(`
    "
    NAME          N  LAST
    left-pad      7  a
    日本      1,204  b
    🦷
    "
  `);
});

test("colours do not shift columns", () => {
  const paint = painter(true);
  const [, first, second] = table(
    COLUMNS,
    [
      ["a", "1", "x"],
      ["bbbb", "22", "y"],
    ],
    (text, column) => (column === 0 ? paint("red", text) : text),
  );
  expect(first).toBe("\x1b[31ma\x1b[0m      1  x");
  expect(Bun.stripANSI(second ?? "")).toBe("bbbb  22  y");
});

test("whatever is in its cells, every line of a table is one line and its columns stay where they are", () => {
  const cell = fc.string({ unit: "binary", maxLength: 30 });
  fc.assert(
    fc.property(fc.array(cell, { minLength: 1, maxLength: 5 }), (cells) => {
      const lines = table(
        [{ title: "A" }, { title: "B" }],
        cells.map((text) => [text, "|"]),
      );
      expect(lines.join("")).not.toMatch(/\p{Cc}/u);
      const ends = lines.slice(1).map((line) => Bun.stringWidth(line));
      expect(new Set(ends).size).toBe(1);
    }),
  );
});

test("without colours text stays as it is", () => {
  expect(painter(false)("red", "text")).toBe("text");
});

test("pairs are aligned and escaped", () => {
  expect(
    pairs([
      ["a", "1\n2"],
      ["long", ""],
    ]),
  ).toEqual(["a     1\\x0a2", "long"]);
});

test("times are UTC and sort as text; no time is a dash", () => {
  expect(time(1_750_000_000_000)).toBe("2025-06-15 15:06:40Z");
  expect(time(null)).toBe("-");
});

test("a count says one and many", () => {
  expect([count(0, "event"), count(1, "event"), count(1204, "event")]).toEqual(["0 events", "1 event", "1,204 events"]);
});
