import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { FangsError } from "../../protocol/errors.ts";
import { parseRules, readRules } from "../../server/rules-file.ts";
import { temporaryFolder } from "./support.ts";

function complaint(text: string): string {
  try {
    parseRules(text, "rules.yaml");
    return "none";
  } catch (error) {
    return error instanceof FangsError && error.code === "rules_invalid" ? error.message : `other: ${String(error)}`;
  }
}

describe("a rules file", () => {
  test("gives its rules in order, and ids to those without", () => {
    const text = `# ours
normalize:
  - match: /var/cache/*/part-*   # by the part
    as: /var/cache/<X>/part-<N>
  - id: home
    match: <HOME>/.thing/**
    as: "<HOME>/.thing/<ANY>"
`;
    expect(parseRules(text, "rules.yaml").normalize).toEqual([
      { id: "rule-1", match: "/var/cache/*/part-*", as: "/var/cache/<X>/part-<N>" },
      { id: "home", match: "<HOME>/.thing/**", as: "<HOME>/.thing/<ANY>" },
    ]);
  });

  test.each(["", "# nothing\n", "normalize: []\n", "normalize:\n"])("without rules is none: %j", (text) => {
    expect(parseRules(text, "rules.yaml")).toEqual({ normalize: [] });
  });

  test.each([
    ["normalise: []", "rules.yaml:1:1:", '"normalise" is not known here; there are: normalize'],
    ["normalize:\n  - match: /a/*\n    as: /a/<N>\n    if: x\n", "rules.yaml:4:5:", '"if" is not known here'],
    ["normalize:\n  - match: /a/*\n    as: /a/<N>\n  - match: /b/*\n", "rules.yaml:4:3:", "the rule has no as"],
    ["normalize:\n- match: /a/*\n  as: /b/<N>\n", "rules.yaml:3:3:", "as: it must begin with the same component"],
    [
      "normalize: [{match: /a/*, as: /a/<N>}, {match: b, as: /a/<N>}]",
      "rules.yaml:1:41:",
      "match: it begins with a component",
    ],
    ["normalize:\n  - match: 7\n    as: /a/<N>\n", "rules.yaml:2:5:", "match must be text"],
    ["normalize:\n  - /a/*\n", "rules.yaml:2:3:", "a rule must be a mapping"],
    ["normalize: yes please\n", "rules.yaml:1:1:", "normalize must be a list"],
    ["- a\n", "rules.yaml:1:1:", "the file must be a mapping"],
    [
      "# match: x\nnormalize:\n  - id: a\n    match: /a/*\n    as: /a/<N>\n  - id: a\n    match: /b/*\n    as: /b/<N>\n",
      "rules.yaml:6:5:",
      "id: the id a is taken",
    ],
    [
      'normalize:\n  - match: /a/*\n    as: "/a/\n      - <N>"\n  - match: b\n    as: /a/<N>\n',
      "rules.yaml:5:5:",
      "match: it begins with a component",
    ],
    ["normalize:\n  - match: [1\n    as: }\n", "rules.yaml:", "this is not YAML"],
  ])("that is wrong is refused at its place: %j", (text, place, why) => {
    const said = complaint(text);
    expect(said).toStartWith(place);
    expect(said).toContain(why);
  });

  test("of any text is rules or a complaint with a place, never another error", () => {
    const word = fc.constantFrom(
      "normalize",
      "match",
      "as",
      "id",
      ":",
      "-",
      " ",
      "\n",
      "  ",
      "[",
      "{",
      "}",
      "]",
      ",",
      "/a/*",
      "/a/<N>",
      "#",
      '"',
      "'",
      "&a",
      "*a",
      "!!x",
      "|",
      "<<",
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 30 }), (words) => {
        const said = complaint(words.join(""));
        return said === "none" || /^rules\.yaml:\d+:\d+: /.test(said);
      }),
      { numRuns: 2000 },
    );
  });

  test("that is not there has no rules; one that cannot be read is told", () => {
    using folder = temporaryFolder();
    expect(readRules(join(folder.path, "rules.yaml"))).toEqual({ normalize: [] });
    expect(readRules(undefined)).toEqual({ normalize: [] });
    expect(() => readRules(folder.path)).toThrow("cannot be read");
    writeFileSync(join(folder.path, "rules.yaml"), "normalize: [{match: /a/*, as: /a/<N>}]");
    expect(readRules(join(folder.path, "rules.yaml")).normalize).toHaveLength(1);
  });
});
