import { expect, test } from "bun:test";
import { BoundedOutput } from "../../../runner/sandbox/output.ts";

test("64 KiB are kept, the rest is counted", () => {
  const output = new BoundedOutput();
  for (let count = 0; count < 100; count++) output.write(Buffer.alloc(10_000, "x"));
  const text = output.text();
  expect(text.length).toBeLessThanOrEqual(65_536);
  const kept = text.indexOf("\n");
  expect(text).toEndWith(`[${1_000_000 - kept} more bytes were not kept]\n`);
});

test("bytes that are no text do not make it longer", () => {
  const output = new BoundedOutput();
  output.write(Buffer.alloc(100_000, 0xff));
  expect(output.text().length).toBeLessThanOrEqual(65_536);
});
