import { expect, test } from "bun:test";
import { chmodSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defaultDataDir, prepareDataDir } from "../../server/data-dir.ts";
import { temporaryFolder } from "./support.ts";

test("the data directory is what FANGS_DATA_DIR says, else the system's for root and the user's for others", () => {
  expect(defaultDataDir({ FANGS_DATA_DIR: "/x" }, true)).toBe("/x");
  expect(defaultDataDir({}, true)).toBe("/var/lib/fangs");
  expect(defaultDataDir({ XDG_DATA_HOME: "/home/me/data" }, false)).toBe("/home/me/data/fangs");
  expect(defaultDataDir({ HOME: "/home/me" }, false)).toBe("/home/me/.local/share/fangs");
});

test("it is made for its owner only, and a place where it cannot be is named", () => {
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
