import { expect, test } from "bun:test";
import { chmodSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { prepareDataDir } from "../../server/data-dir.ts";
import { temporaryFolder } from "./support.ts";

test("the data directory is made for its owner only, and a place where it cannot be is named", () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "a", "b");
  prepareDataDir(path);
  expect(statSync(path).mode & 0o777).toBe(0o700);
  chmodSync(path, 0o750);
  prepareDataDir(path);
  expect(statSync(path).mode & 0o777).toBe(0o750);
  writeFileSync(join(folder.path, "file"), "");
  expect(() => prepareDataDir(join(folder.path, "file", "x"))).toThrow("cannot be made");
});
