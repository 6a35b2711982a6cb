import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FangsError } from "../../../protocol/errors.ts";
import { findConfigFile, parseConfigFile, readConfigFile } from "../../../cli/settings/file.ts";
import { SECTIONS, SETTINGS } from "../../../cli/settings/table.ts";
import { temporaryFolder } from "../../server/support.ts";

function complaint(text: string): string {
  try {
    parseConfigFile(text, "fangs.yaml");
    return "none";
  } catch (error) {
    return error instanceof FangsError && error.code === "config_invalid" ? error.message : `other: ${String(error)}`;
  }
}

test("a file gives the settings that it has, each with its place", () => {
  const file = parseConfigFile("# ours\nlisten: 0.0.0.0:9000\nconcurrency: 2\nnormalize: []\n", "fangs.yaml");
  expect(file.setting("listen")).toEqual({ words: "0.0.0.0:9000", place: "fangs.yaml:2:1" });
  expect(file.setting("concurrency")).toEqual({ words: "2", place: "fangs.yaml:3:1" });
  expect(file.setting("store")).toBeUndefined();
});

test.each(["", "# nothing\n", "{}\n"])("a file without settings is one: %j", (text) => {
  expect(complaint(text)).toBe("none");
});

describe("refused at its place is", () => {
  test.each([
    ["normalise: []", 'fangs.yaml:1:1: "normalise" is not known here; the nearest key is normalize.'],
    ["listen: a:1\nlisen: b:2\n", 'fangs.yaml:2:1: "lisen" is not known here; the nearest key is listen.'],
    ["qqqqqqqq: 1\n", 'fangs.yaml:1:1: "qqqqqqqq" is not known here.'],
    ["listen: 8443\n", "fangs.yaml:1:1: listen must be text."],
    ['concurrency: "2"\n', "fangs.yaml:1:1: concurrency must be a number."],
    ["drain: 30\n", "fangs.yaml:1:1: drain must be a length of time such as 30s."],
    ["store: [a]\n", "fangs.yaml:1:1: store must be text."],
    ['hosts: ["a,b"]\n', "fangs.yaml:1:1: hosts must be a list of texts."],
    ["hosts: a\n", "fangs.yaml:1:1: hosts must be a list of texts."],
    ["store:\n", "fangs.yaml:1:1: store must be text."],
    ["token: fangs_admin_x\n", "fangs.yaml:1:1: token is not taken from the file: a secret belongs into FANGS_TOKEN."],
    ["- a\n", "fangs.yaml:1:1: the file must be a mapping of settings."],
    ["__proto__: {x: 1}\n", 'fangs.yaml:1:1: "__proto__" is not known here.'],
  ])("%j", (text, said) => {
    expect(complaint(text)).toBe(said);
  });

  test("nothing but by a complaint with a place: any text is a file or one of those", () => {
    const key = fc.constantFrom(...Object.keys(SETTINGS), ...Object.keys(SECTIONS), "x", "__proto__", "constructor");
    const mark = fc.constantFrom(
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
      "#",
      '"',
      "'",
      "&a",
      "*a",
      "!!x",
      "|",
      "<<",
      "?",
      "\t",
    );
    const value = fc.constantFrom("1", "a:1", "true", "null", "30s", "9".repeat(400), "\u2028", "\u0000", "\u{1f40d}");
    fc.assert(
      fc.property(fc.array(fc.oneof(key, mark, value), { maxLength: 40 }), (words) => {
        const said = complaint(words.join(""));
        return said === "none" || /^fangs\.yaml:\d+:\d+: /.test(said);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("the file that is read", () => {
  test("is the named one, which must be there", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "other.yaml");
    expect(() => findConfigFile(path, folder.path)).toThrow(`There is no ${path}.`);
    writeFileSync(path, "concurrency: 3\n");
    expect(findConfigFile(path, "/nowhere")?.path).toBe(path);
  });

  test("is fangs.yaml in the data directory if none is named, and may be missing", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "fangs.yaml");
    writeFileSync(path, "concurrency: 3\n");
    expect(findConfigFile(undefined, folder.path)?.path).toBe(path);
  });

  test("is told as unreadable where it cannot be read: it is never passed over", () => {
    using folder = temporaryFolder();
    mkdirSync(join(folder.path, "fangs.yaml"));
    expect(() => findConfigFile(undefined, folder.path)).toThrow("cannot be read");
    expect(() => readConfigFile(folder.path)).toThrow("cannot be read");
  });
});
