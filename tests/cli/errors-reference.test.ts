import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { errorsReference } from "../../cli/errors-reference.ts";

test("docs/errors.md is what the table of errors says", () => {
  expect(readFileSync("docs/errors.md", "utf8")).toBe(errorsReference());
});
