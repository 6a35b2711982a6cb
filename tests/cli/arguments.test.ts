import { describe, expect, test } from "bun:test";
import type { ArgsDef } from "citty";
import fc from "fast-check";
import { checkArguments, repeated } from "../../cli/arguments.ts";
import { FangsError } from "../../protocol/errors.ts";

const ARGS: ArgsDef = {
  package: { type: "string", required: true },
  level: { type: "enum", options: ["low", "high"] },
  watch: { type: "boolean" },
  id: { type: "positional", required: true, description: "The id." },
};
const VARIADIC: ArgsDef = { json: { type: "boolean" }, command: { type: "positional", valueHint: "command…" } };

describe("what is accepted", () => {
  const cases: [name: string, args: ArgsDef, words: string[], canonical: string[]][] = [
    ["two dashes", ARGS, ["--package", "a", "x"], ["--package=a", "--", "x"]],
    ["one dash", ARGS, ["-package", "a", "x"], ["--package=a", "--", "x"]],
    ["a value behind =", ARGS, ["-package=a", "x"], ["--package=a", "--", "x"]],
    ["a value with = in it", ARGS, ["--package=a=b", "x"], ["--package=a=b", "--", "x"]],
    ["a value that begins with a dash, behind =", ARGS, ["--package=-a", "x"], ["--package=-a", "--", "x"]],
    ["an empty value", ARGS, ["--package=", "x"], ["--package=", "--", "x"]],
    ["a lone dash as a value", ARGS, ["--package", "-", "x"], ["--package=-", "--", "x"]],
    ["flags behind positionals", ARGS, ["x", "--package", "a"], ["--package=a", "--", "x"]],
    ["a boolean", ARGS, ["--watch", "--package=a", "x"], ["--watch=true", "--package=a", "--", "x"]],
    [
      "a boolean with its value",
      ARGS,
      ["-watch=false", "--package=a", "x"],
      ["--watch=false", "--package=a", "--", "x"],
    ],
    ["a positional behind --", ARGS, ["--package=a", "--", "-x"], ["--package=a", "--", "-x"]],
    ["one of the options", ARGS, ["--level=high", "--package=a", "x"], ["--level=high", "--package=a", "--", "x"]],
    ["a repeated flag", ARGS, ["--package=a", "--package=b", "x"], ["--package=a", "--package=b", "--", "x"]],
    ["all that is left", VARIADIC, ["--json", "--", "ls", "--json", "--"], ["--json=true", "--", "ls", "--json", "--"]],
  ];
  test.each(cases)("%s", (_, args, words, canonical) => {
    expect(checkArguments(args, words, "fangs test")).toEqual(canonical);
  });
});

describe("what is refused, and how", () => {
  const cases: [name: string, words: string[], message: string, hint: string][] = [
    ["a mistyped flag", ["--packge", "a"], "has no flag --packge", "Did you mean --package?"],
    ["a flag like no other", ["--zzzzzzzzz"], "has no flag --zzzzzzzzz", "See `fangs test --help`."],
    ["a flag named like a property of objects", ["--constructor=1"], "has no flag --constructor", "--help"],
    ["an empty flag", ["--=x"], "has no flag --", "--help"],
    ["a positional written as a flag", ["--id=x"], "has no flag --id", "--help"],
    ["a flag without its value at the end", ["x", "--package"], "--package needs a value", "--help"],
    ["a flag where a value should be", ["--package", "--watch", "x"], "--package needs a value", "`--package=--watch`"],
    ["a boolean with another value", ["--watch=maybe"], "--watch is on or off", "--watch=false"],
    ["a mistyped option", ["--level=hihg"], '--level cannot be "hihg"', "Did you mean high? One of: low, high."],
    ["no required flag", ["x"], "needs --package", "Add `--package <package>`."],
    ["no required positional", ["--package=a"], "needs <id>", "It is: The id."],
    ["one positional too many", ["--package=a", "x", "y"], 'does not take "y"', "--help"],
    ["a flag that lost its dashes", ["x", "package", "a"], 'does not take "package"', "Did you mean --package?"],
  ];
  test.each(cases)("%s", (_, words, message, hint) => {
    const error = refusal(() => checkArguments(ARGS, words, "fangs test"));
    expect(error.code).toBe("usage");
    expect(error.message).toContain(message);
    expect(error.hint).toContain(hint);
  });
});

test("a repeated flag gives every value, in order, and none from behind --", () => {
  const rawArgs = checkArguments(VARIADIC, ["--json", "--json=false", "--", "--json=x"], "fangs test");
  expect(repeated(rawArgs, "json")).toEqual(["true", "false"]);
});

test("any words are either brought into the one form or refused as usage", () => {
  const word = fc.oneof(fc.constantFrom("--", "-", "--package", "-watch", "--level=", "high", "--id"), fc.string());
  fc.assert(
    fc.property(fc.array(word, { maxLength: 8 }), (words) => {
      const checked = attempt(() => checkArguments(ARGS, words, "fangs test"));
      if (checked instanceof FangsError) return expect(checked.code).toBe("usage");
      // The form is a fixed point: checked once more, it stays as it is.
      expect(checkArguments(ARGS, checked, "fangs test")).toEqual(checked);
    }),
  );
});

function attempt<T>(action: () => T): T | FangsError {
  try {
    return action();
  } catch (error) {
    if (error instanceof FangsError) return error;
    throw error;
  }
}

function refusal(action: () => unknown): FangsError {
  const error = attempt(action);
  if (error instanceof FangsError) return error;
  throw new Error("it was accepted");
}
