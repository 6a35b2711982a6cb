import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { FangsError } from "../../protocol/errors.ts";
import { readYaml } from "../../protocol/yaml.ts";
import { NO_RULES, readOperatorRules } from "../../server/operator-rules-file.ts";

const NOW = 1_750_000_000_000;
const parseRules = (text: string, file: string) => readOperatorRules(readYaml(text, file, ""), NOW);

function complaint(text: string): string {
  try {
    parseRules(text, "rules.yaml");
    return "none";
  } catch (error) {
    return error instanceof FangsError && error.code === "config_invalid" ? error.message : `other: ${String(error)}`;
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
    expect(parseRules(text, "rules.yaml")).toMatchObject({ normalize: [], allow: [] });
  });

  test.each([
    ["normalize:\n  - match: /a/*\n    as: /a/<N>\n    if: x\n", "rules.yaml:4:5:", '"if" is not known here'],
    ["normalize:\n  - match: /a/*\n    as: /a/<N>\n  - match: /b/*\n", "rules.yaml:4:5:", "there is no as"],
    ["normalize:\n- match: /a/*\n  as: /b/<N>\n", "rules.yaml:3:3:", "as: it must begin with the same component"],
    [
      "normalize: [{match: /a/*, as: /a/<N>}, {match: b, as: /a/<N>}]",
      "rules.yaml:1:41:",
      "match: it begins with a component",
    ],
    ["normalize:\n  - match: 7\n    as: /a/<N>\n", "rules.yaml:2:5:", "match must be text"],
    ["normalize:\n  - /a/*\n", "rules.yaml:2:5:", "an entry of normalize must be a mapping"],
    ["normalize: yes please\n", "rules.yaml:1:1:", "normalize must be a list"],
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

  test("that is not there has no rules", () => {
    expect(readOperatorRules(undefined, NOW)).toBe(NO_RULES);
  });
});

describe("the allow-list of a file", () => {
  const allow = (text: string) => parseRules(text, "fangs.yaml").allow;

  test("has entries like those of the database, with ids that stay", () => {
    const text = `allow:
  - kind: sni
    value: Telemetry.Example
    package: axios
    actor: import
    note: ours
    expires: 2030-01-31
  - {kind: path, value: /tmp/x/, note: a cache}
`;
    const [first, second] = allow(text);
    expect(first).toEqual({
      id: "config-c36e5839c2d8",
      kind: "sni",
      value: "telemetry.example",
      package: "axios",
      actor: "import",
      note: "ours",
      shipped: null,
      expires_at: Date.UTC(2030, 0, 31),
      created_by: "config",
      created_at: NOW,
    });
    expect(second).toMatchObject({ package: null, actor: null, expires_at: null });
    expect(allow(`# moved\n${text.replace("ours", "another note")}`)[0]!.id).toBe(first!.id);
  });

  test("keeps an entry that ended: a server must not refuse to start on a later day", () => {
    expect(allow("allow: [{kind: dns, value: a.example, note: x, expires: 2001-01-01}]")).toHaveLength(1);
  });

  test.each([
    ["allow: {}", "fangs.yaml:1:1: allow must be a list."],
    ["allow:\n  - kind: leak\n    value: x\n    note: y\n", "fangs.yaml:2:5: kind must be one of cidr, path,"],
    ["allow:\n  - {kind: cidr, value: 0.0.0.0/0, note: y}\n", "fangs.yaml:2:18: value: 0.0.0.0/0 would allow half"],
    ["allow:\n  - {kind: path, value: '/**', note: y}\n", "fangs.yaml:2:18: value: "],
    ["allow:\n  - {kind: path, value: /a}\n", "fangs.yaml:2:5: there is no note."],
    ["allow:\n  - {kind: path, value: /a, note: y, expires: soon}\n", "fangs.yaml:2:38: expires must be a day"],
    ["allow:\n  - {kind: path, value: /a, note: y, package: ../x}\n", "fangs.yaml:2:38: package: "],
    ["allow:\n  - {kind: path, value: /a, notes: y}\n", 'fangs.yaml:2:29: "notes" is not known here; there are: kind'],
    [
      "allow:\n  - {kind: path, value: /a, note: y}\n  - {kind: path, value: /a, note: z}\n",
      "fangs.yaml:3:5: entry 1 says the same.",
    ],
    [
      `allow: [${"{kind: path, value: /a, note: y},".repeat(1001)}]`,
      "fangs.yaml:1:1: allow has more than 1000 entries",
    ],
  ])("is refused at its place: %j", (text, said) => {
    expect(() => allow(text)).toThrow(said);
  });
});
