import { beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FLAG, directory, evasions, text, trace, unavailable } from "./support.ts";

const O_NOATIME = 0o1000000;
const SEGMENTATION_FAULT = 128 + 11;

describe.skipIf(unavailable !== undefined)("a file is seen", () => {
  const secret = join(directory, "secret");
  const innocent = join(directory, "normal");
  const there = join(directory, "there");
  let program = "";
  let inode = 0n;
  beforeAll(() => {
    program = evasions("files");
    writeFileSync(secret, "decoy");
    writeFileSync(innocent, "");
    mkdirSync(there);
    symlinkSync(there, join(directory, "shortcut"));
    inode = statSync(secret, { bigint: true }).ino;
  });
  const opened = async (argv: string[]) => {
    const traced = await trace(argv);
    const opens = traced.of("open").map(({ path, requested, ...rest }) => ({
      ...rest,
      path: text(path),
      requested: text(requested),
    }));
    return { ...traced, opens };
  };

  test("by its inode when it is opened through a hard link, and the link when it is made", async () => {
    const link = join(directory, "hard");
    const { opens, of } = await opened([program, "hard-link", secret, link]);
    expect(opens).toContainEqual(expect.objectContaining({ path: link, inode }));
    expect(of("change").map(({ path, target }) => [text(path), text(target)])).toContainEqual([secret, link]);
  });

  test("by its true path when it is opened by /proc/self/root and /proc/self/fd", async () => {
    const { opens } = await opened(["sh", "-c", `cat /proc/self/root${secret}; exec 5<${secret}; cat /proc/self/fd/5`]);
    const crooked = opens.filter(({ requested }) => requested.startsWith("/proc/self/"));
    expect(crooked.map(({ path }) => path)).toEqual([secret, secret]);
  });

  test("by its true path when it is opened by its handle", async () => {
    const { opens, exitCode } = await opened([program, "by-handle", innocent, directory]);
    expect(exitCode).toBe(0);
    expect(opens.at(-1)).toMatchObject({ path: innocent, requested: "", result: expect.any(Number) });
  });

  test("by its true path when another thread swaps the name during the call", async () => {
    const { opens } = await opened([program, "swapped", secret, innocent]);
    const raced = opens.filter((open) => open.open_flags & O_NOATIME && open.result >= 0);
    expect(new Set(raced.map(({ path }) => path))).toEqual(new Set([secret, innocent]));
    for (const open of raced) expect(open.path === secret).toBe(open.inode === inode);
  });

  test("or its loss is counted when another thread closes it at once", async () => {
    const { opens, losses } = await opened([program, "closed-early", secret]);
    const unseen = opens.filter((open) => open.open_flags & O_NOATIME && open.result >= 0 && open.inode !== inode);
    const flagged = unseen.filter((open) => open.flags & FLAG.unreadable);
    expect(flagged.length).toBe(unseen.length);
    if (unseen.length > 0) expect(losses.map(({ record, cause }) => `${record} ${cause}`)).toContain("open unreadable");
  });

  test("as asked for, cut and flagged, where the name has 6,000 bytes", async () => {
    const { opens, losses } = await opened([program, "long-name", secret]);
    const { result, requested, flags } = opens.at(-1)!;
    expect([result, requested.length, flags & FLAG.truncated]).toEqual([-36, 4095, FLAG.truncated]);
    expect(losses).toEqual([]); // no file has such a name
  });

  test("by the end of its path where the path has 6,000 bytes, and the cut is counted", async () => {
    const below = mkdtempSync(join(directory, "deep-"));
    const { opens, losses } = await opened([program, "deep", below]);
    const { path, flags } = opens.at(-1)!;
    expect(path).toEndWith("dddd/end");
    expect(path.length).toBeGreaterThan(3800);
    expect(flags & FLAG.truncated).toBe(FLAG.truncated);
    expect(losses).toContainEqual({ record: "open", cause: "truncated", count: expect.any(Number) });
  });

  test("by its path when it is changed without its name, and nothing is lost by it", async () => {
    const { of, losses } = await opened([program, "nameless", innocent]);
    expect(of("change").map(({ path, result }) => [text(path), result])).toEqual(
      Array.from({ length: 3 }, () => [innocent, 0]),
    );
    expect(losses).toEqual([]);
  });

  test("when the process dies inside the call", async () => {
    const fifo = join(directory, "fifo");
    Bun.spawnSync(["mkfifo", fifo]);
    const { opens } = await opened([program, "killed-inside", fifo]);
    expect(opens.at(-1)).toMatchObject({ path: fifo });
    expect(opens.at(-1)!.result).toBeLessThan(0);
  });

  test.each(["compat", "x32"])("as a foreign call when it is opened by the %s table", async (table) => {
    const { of, exitCode } = await opened([program, table, secret]);
    const foreign = of("syscall").filter(({ flags }) => flags & FLAG.compat);
    // A kernel without 32-bit calls ends the program instead, and nothing was opened.
    if (exitCode === SEGMENTATION_FAULT) expect(foreign).toEqual([]);
    else expect(foreign.map(({ syscall }) => syscall)).toContain(table === "compat" ? 5 : 0x40000002);
  });

  // The name is gone when the call returns, and what the symlink led to is nowhere kept.
  test.failing("by its true path when it is removed through a symlinked directory", async () => {
    writeFileSync(join(there, "file"), "");
    const { of } = await opened(["rm", join(directory, "shortcut", "file")]);
    expect(of("change").map(({ path }) => text(path))).toContain(join(there, "file"));
  });
});
