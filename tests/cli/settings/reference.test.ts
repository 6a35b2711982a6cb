import { expect, test } from "bun:test";
import { join } from "node:path";
import { settingsReference } from "../../../cli/settings/reference.ts";

/** A Markdown table without its padding. */
function bare(text: string): string {
  return text.replaceAll(/ *\| */g, "|").replaceAll(/-{3,}/g, "---");
}

test("docs/configuration.md has the table of settings; else paste what `bun cli/settings/reference.ts` prints", async () => {
  const page = await Bun.file(join(import.meta.dir, "../../../docs/configuration.md")).text();
  expect(bare(page)).toContain(bare(settingsReference()));
});
