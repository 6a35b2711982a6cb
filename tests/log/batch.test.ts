import { expect, test } from "bun:test";
import { join } from "node:path";
import { batched } from "../../log/batch.ts";

test("lines come in their order, written together soon after the first of them", async () => {
  const written: string[] = [];
  const write = batched((text) => void written.push(text));
  write("a\n");
  write("b\n");
  expect(written).toEqual([]);
  await Bun.sleep(100);
  expect(written).toEqual(["a\nb\n"]);
  write("c\n");
  await Bun.sleep(100);
  expect(written).toEqual(["a\nb\n", "c\n"]);
});

test("much is written at once", () => {
  const written: string[] = [];
  const write = batched((text) => void written.push(text));
  write("x".repeat(70_000));
  expect(written).toHaveLength(1);
});

test("a process that ends has written everything", async () => {
  const module = JSON.stringify(join(import.meta.dir, "../../log/batch.ts"));
  const program = `import { batched } from ${module};
    batched((text) => void require("node:fs").writeSync(1, text))("last\\n"); process.exit(3);`;
  const child = Bun.spawn([process.execPath, "-e", program], { stdout: "pipe" });
  expect(await new Response(child.stdout).text()).toBe("last\n");
  expect(await child.exited).toBe(3);
});
