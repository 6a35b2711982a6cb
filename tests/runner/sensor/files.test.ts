import { beforeAll, describe, expect, test } from "bun:test";
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { acts, directory, text, trace, unavailable } from "./support.ts";

describe.skipIf(unavailable !== undefined)("the files of a traced command", () => {
  const secret = join(directory, "secret");
  let program = "";
  beforeAll(() => {
    program = acts();
    writeFileSync(secret, "decoy");
    symlinkSync(secret, join(directory, "innocent"));
    writeFileSync(join(directory, "path"), `${secret}\0`);
  });

  const opened = async (argv: string[]) =>
    (await trace(argv)).of("open").map((open) => ({
      path: text(open.path),
      requested: text(open.requested),
      result: open.result,
    }));

  test("a relative open after chdir shows the full path", async () => {
    const opens = await opened(["sh", "-c", `cd ${directory} && cat < ./secret`]);
    expect(opens).toContainEqual({ path: secret, requested: "./secret", result: expect.any(Number) });
  });

  test("a symlink shows what it leads to", async () => {
    const opens = await opened(["cat", join(directory, "innocent")]);
    expect(opens).toContainEqual({ path: secret, requested: join(directory, "innocent"), result: expect.any(Number) });
  });

  test("dots and double slashes in a path do not hide it", async () => {
    const crooked = `${directory}/.././${directory.split("/").at(-1)}//secret`;
    expect(await opened(["cat", crooked])).toContainEqual(
      expect.objectContaining({ path: secret, requested: crooked }),
    );
  });

  test.each([
    ["openat2", () => ["openat2", secret]],
    ["a path below an open directory", () => ["dirfd", directory, "secret"]],
    ["a path on a page that was never touched", () => ["cold-page", "", join(directory, "path")]],
    ["an open through io_uring", () => ["uring-open", secret]],
    ["a child of a child in its own session", () => ["double-fork", secret]],
  ])("%s is seen", async (_, argv) => {
    expect(await opened([program, ...argv()])).toContainEqual(expect.objectContaining({ path: secret }));
  });

  test("a symlink opened through io_uring shows what was asked for and what it led to", async () => {
    const link = join(directory, "innocent");
    const { of } = await trace([program, "uring-open", link]);
    const opens = of("open")
      .filter((open) => open.flags & 16)
      .map((open) => [text(open.path), open.result < 0]);
    expect(opens).toEqual([
      [link, true],
      [secret, false],
    ]);
  });

  test("a failed open shows where it would have been, and why it failed", async () => {
    const opens = await opened(["sh", "-c", `cd ${directory} && cat < missing`]);
    expect(opens).toContainEqual({ path: `${directory}/missing`, requested: "missing", result: -2 });
  });

  test("a path of a thousand components is whole", async () => {
    const deep = `${directory}/${Array.from({ length: 1000 }, (_, i) => i % 10).join("/")}`;
    const script = `const { mkdirSync, writeFileSync } = require("fs"); mkdirSync("${deep}", { recursive: true }); writeFileSync("${deep}/end", "")`;
    const opens = await opened(["node", "-e", script]);
    expect(opens).toContainEqual(expect.objectContaining({ path: `${deep}/end` }));
  });

  test("changes show both names and their result", async () => {
    const { of } = await trace([
      "sh",
      "-c",
      `cd ${directory} && echo x > old && mv old new && ln -s ../secret link && chmod 600 new && rm new link && rmdir nothing`,
    ]);
    const changes = of("change").map((c) => [text(c.path), text(c.target), c.result]);
    expect(changes).toContainEqual([`${directory}/old`, `${directory}/new`, 0]);
    expect(changes).toContainEqual(["../secret", `${directory}/link`, 0]); // a link's content is kept as it is
    expect(changes).toContainEqual([`${directory}/new`, "", 0]);
    expect(changes).toContainEqual([`${directory}/nothing`, "", -2]);
  });
});
