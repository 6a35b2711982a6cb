import { expect, test } from "bun:test";
import fc from "fast-check";
import { safe } from "../../cli/safe.ts";
import { safeJson } from "../../protocol/printable.ts";

const HARMFUL = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

test.each([
  ["a terminal escape", "\x1b[2J", "\\x1b[2J"],
  ["a one-byte control sequence", "\x9b31m", "\\x9b31m"],
  ["a line break", "a\r\nb", "a\\x0d\\x0ab"],
  ["a change of the reading direction", "\u202egnp.exe", "\\u{202e}gnp.exe"],
  ["a character nobody sees", "pay\u200bpal", "pay\\u{200b}pal"],
  ["ordinary text in any script", "größe 日本 🦷", "größe 日本 🦷"],
])("%s", (_, text, shown) => {
  expect(safe(text)).toBe(shown);
});

test("no text of others moves the cursor, and what is too long says by how much", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 60 }), (text) => {
      expect(safe(text)).not.toMatch(HARMFUL);
      expect(safe(text, 10)).not.toMatch(HARMFUL);
    }),
  );
  expect(safe("abcdef", 4)).toBe("abcd… (+2)");
});

test("JSON is as harmless, and the same value to a parser", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "binary" })), (value) => {
      const json = safeJson(value);
      expect(json).not.toMatch(HARMFUL);
      expect(JSON.parse(json)).toEqual(value);
    }),
  );
});
