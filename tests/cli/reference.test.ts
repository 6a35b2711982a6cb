import { expect, test } from "bun:test";
import { join } from "node:path";
import { reference } from "../../cli/reference.ts";

test("docs/cli.md is current; else run `bun cli/reference.ts > docs/cli.md`", async () => {
  expect(await Bun.file(join(import.meta.dir, "../../docs/cli.md")).text()).toBe(await reference());
});
