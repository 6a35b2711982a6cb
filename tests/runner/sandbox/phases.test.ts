import { expect, test } from "bun:test";
import fc from "fast-check";
import { binCommands, importCommands, installCommand, parseInstalled } from "../../../runner/sandbox/phases.ts";

function plan(fields: object) {
  const installed = parseInstalled(JSON.stringify({ name: "@s/p", version: "1.0.0", ...fields }));
  if (installed === null) throw new Error("not a package");
  return {
    imports: importCommands(installed).map(({ label, argv }) => [label, ...argv.slice(4)]),
    bins: binCommands(installed).map(({ label }) => label),
  };
}

test("a package without exports is loaded by its name, both ways", () => {
  expect(plan({ main: "index.js" }).imports).toEqual([
    ["require", "@s/p"],
    ["import", "@s/p"],
  ]);
});

test("each entry is loaded by the loaders that its conditions allow", () => {
  const exports = {
    ".": { import: "./a.mjs", require: { types: "./a.d.ts", default: "./a.cjs" } },
    "./esm": { import: "./b.mjs" },
    "./browser": { browser: "./c.js" },
    "./types": { types: "./c.d.ts" },
    "./hidden": null,
    "./features/*": "./features/*.js",
    "./style.css": "./style.css",
    "./package.json": "./package.json",
    "./both": ["./missing.d.ts", "./d.js"],
  };
  expect(plan({ exports }).imports).toEqual([
    ["require", "@s/p"],
    ["import", "@s/p"],
    ["import subpaths", "@s/p/esm"],
  ]);
  expect(plan({ exports: "./only.js" }).imports).toHaveLength(2);
  expect(plan({ exports: { types: "./index.d.ts" } }).imports).toEqual([]);
});

test("many entries and programs stay within what a trace can name", () => {
  const exports = Object.fromEntries(
    ["."].concat(Array.from({ length: 99 }, (_, n) => `./${n}`)).map((key) => [key, "./x.js"]),
  );
  const bin = Object.fromEntries(Array.from({ length: 99 }, (_, n) => [`bin${n}`, "x.js"]));
  const { imports, bins } = plan({ exports, bin });
  expect(1 + imports.length + bins.length).toBeLessThanOrEqual(15);
  expect(imports[1]).toHaveLength(9);
});

test("a program that is one path has the package's name without its scope", () => {
  expect(plan({ bin: "cli.js" }).bins).toEqual(["bin:p"]);
  expect(plan({ bin: { a: "a.js", "../../x": "x", "b c": "x", "..": "x", "@s/d": "d" } }).bins).toEqual([
    "bin:a",
    "bin:x",
    "bin:d",
  ]);
});

test("whatever stands in a package.json, plans are made without an error and stay in the project", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), (main, exports, bin) => {
      const { imports, bins } = plan({ main, exports, bin });
      expect(imports.length + bins.length).toBeLessThanOrEqual(14);
      for (const specifier of imports.flatMap(([, ...specifiers]) => specifiers)) expect(specifier).toStartWith("@s/p");
    }),
  );
  fc.assert(fc.property(fc.string(), (text) => void parseInstalled(text)));
});

test("deeply nested conditions end", () => {
  let exports: unknown = "./x.js";
  for (let depth = 0; depth < 5000; depth++) exports = { default: exports };
  expect(plan({ exports }).imports).toEqual([]);
});

test("the install names exactly one release", () => {
  expect(installCommand("@s/p", "1.0.0").argv).toEqual(["npm", "install", "@s/p@1.0.0"]);
});
