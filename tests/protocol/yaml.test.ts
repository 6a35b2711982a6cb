import { describe, expect, test } from "bun:test";
import { FangsError } from "../../protocol/errors.ts";
import { readYaml } from "../../protocol/yaml.ts";

const read = (text: string) => readYaml(text, "f.yaml", "a hint");

function complaint(text: string): string {
  try {
    read(text);
    return "none";
  } catch (error) {
    return error instanceof FangsError && error.code === "config_invalid" ? error.message : `other: ${String(error)}`;
  }
}

test("a place is told by line and column, in block and in flow style, whatever the text around it looks like", () => {
  const text = 'a:\n  # b: no\n  - x: "b: 1"\n    b: 2\n  - {x: 1,\n     b: [3, 4]}\n';
  const { place } = read(text);
  expect([["a"], ["a", 0], ["a", 0, "b"], ["a", 1, "b"], ["a", 1, "b", 1], ["a", 7], ["z"]].map(place)).toEqual([
    "f.yaml:1:1",
    "f.yaml:3:5",
    "f.yaml:4:5",
    "f.yaml:6:6",
    "f.yaml:6:13",
    "f.yaml:1:1",
    "f.yaml:1:1",
  ]);
});

test("a text without content is null", () => {
  expect(["", "# nothing\n", "---\n"].map((text) => read(text).value)).toEqual([null, null, null]);
});

describe("refused at its place is", () => {
  test.each([
    ["a: 1\nb: 2\na: 3\n", "f.yaml:3:1: this key stands here twice."],
    ["a: !!js/function 'x'\n", "f.yaml:1:4: tags are not taken here."],
    ["a: &x [1]\n", "f.yaml:1:7: anchors and aliases are not taken here."],
    ["a: 1\n---\nb: 2\n", "f.yaml:2:1: a second document begins here; a file has one."],
    ["a:\n\t- b\n", "f.yaml:2:1: this is not YAML: tabs are not allowed as indentation."],
    ["a: [1\nb: }\n", "f.yaml:2:1: this is not YAML: flow sequence"],
  ])("%j", (text, said) => {
    expect(complaint(text)).toStartWith(said);
  });
});

test("bombs end at once: a nest, a chain of aliases, a long file", () => {
  const started = performance.now();
  const levels = Array.from({ length: 60 }, (_, at) => `${" ".repeat(at)}a:`).join("\n");
  const laughs = ["a0: &a0 [x]", ...Array.from({ length: 30 }, (_, n) => `a${n + 1}: &a${n + 1} [*a${n}, *a${n}]`)];
  expect(complaint("[".repeat(200_000))).toBe("f.yaml:1:33: more than 32 brackets are open here.");
  expect(complaint(levels)).toContain("this is nested more than 32 deep");
  expect(complaint(laughs.join("\n"))).toContain("anchors and aliases are not taken here");
  expect(complaint(`# ${"x".repeat(300_000)}`)).toBe("f.yaml:1:1: the file is longer than 262144 characters.");
  // Any of them takes many seconds or all of the memory where its bound is missing.
  expect(performance.now() - started).toBeLessThan(30_000);
});
