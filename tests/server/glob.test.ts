import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseGlob } from "../../server/glob.ts";

/** Obviously right, and slow: a star takes any number of characters. */
function plain(pattern: string, text: string): boolean {
  if (pattern === "") return text === "";
  if (pattern[0] === "*") return plain(pattern.slice(1), text) || (text !== "" && plain(pattern, text.slice(1)));
  return text !== "" && (pattern[0] === "?" || pattern[0] === text[0]) && plain(pattern.slice(1), text.slice(1));
}

describe("a pattern", () => {
  test.each([
    ["*.evil.example", "a.b.evil.example", true],
    ["*.evil.example", "evil.example", false],
    ["*.evil.example", "evil.example.com", false],
    ["a?c", "abc", true],
    ["a?c", "ac", false],
    ["100%_[a-z]\\", "100%_[a-z]\\", true],
    ["100%_*", "100 percent", false],
    ["?", "🦊", true],
    ["*", "", true],
  ])("%j matches %j: %p", (pattern, text, expected) => {
    expect(parseGlob(pattern).matches(text)).toBe(expected);
  });

  test("matches what trying everything matches", () => {
    const word = (letters: string) => fc.string({ unit: fc.constantFrom(...letters), maxLength: 9 });
    fc.assert(
      fc.property(word("ab*?"), word("ab"), (pattern, text) => {
        expect(parseGlob(pattern).matches(text)).toBe(plain(pattern, text));
      }),
      { numRuns: 5000 },
    );
  });

  test("whatever it matches has its prefix, its suffix and its longest text", () => {
    const word = (letters: string) => fc.string({ unit: fc.constantFrom(...letters), maxLength: 9 });
    fc.assert(
      fc.property(word("ab*?"), word("ab"), (pattern, text) => {
        const glob = parseGlob(pattern);
        if (!glob.matches(text)) return;
        expect(text).toStartWith(glob.prefix);
        expect(text).toEndWith(glob.suffix);
        expect(text).toContain(glob.longest);
        if (glob.exact) expect(text).toBe(glob.prefix);
      }),
    );
  });

  test("of many stars is matched in no more than the product of both lengths", () => {
    const pattern = `${"*a".repeat(400)}b`;
    // A power of the number of stars would not end at all.
    expect(parseGlob(pattern).matches("a".repeat(6000))).toBe(false);
  });
});
