import { beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RARE_SYSCALLS } from "../../protocol/syscalls.ts";
import { FLAG, directory, evasions, text, trace, unavailable } from "./support.ts";

const SENT = 4;

describe.skipIf(unavailable !== undefined)("a process is seen", () => {
  const secret = join(directory, "secret");
  let program = "";
  beforeAll(() => {
    program = evasions("processes");
    writeFileSync(secret, "decoy");
  });
  const opens = ({ of }: Awaited<ReturnType<typeof trace>>) => of("open").filter(({ path }) => text(path) === secret);
  const lastExec = async (argv: string[]) => {
    const { of } = await trace(argv);
    const exec = of("exec").at(-1)!;
    const { filename, flags } = exec;
    return {
      binary: text(exec.binary),
      filename: text(filename),
      argv: text(exec.argv).split("\0").slice(0, -1),
      flags,
    };
  };

  test.each([
    ["vfork", "vfork"],
    ["clone with another parent", "clone-parent"],
    ["clone with shared memory", "clone-memory"],
  ])("that %s made", async (_, act) => {
    const traced = await trace([program, act, secret]);
    const [child] = traced.of("fork");
    expect(opens(traced).map(({ process }) => process)).toEqual([child!.child]);
    expect(traced.of("exit").map(({ process }) => process)).toContain(child!.child);
  });

  test("that a thread turned into another program", async () => {
    const traced = await trace([program, "thread-exec", secret]);
    expect(text(traced.of("exec").at(-1)!.argv)).toBe(`cat\0${secret}\0`);
    expect(opens(traced).map(({ process }) => process)).toEqual([1]);
    expect(traced.of("exit").map(({ process, code }) => [process, code])).toEqual([[1, 0]]);
  });

  test("by the arguments it began with, whatever it calls itself later", async () => {
    expect((await lastExec([program, "renamed", "--steal"])).argv).toEqual([program, "renamed", "--steal"]);
  });

  test("with every open of a hundred threads, as one process that ends once", async () => {
    const traced = await trace([program, "threads", secret]);
    expect(opens(traced).length).toBe(2000);
    expect(new Set(opens(traced).map(({ thread }) => thread)).size).toBe(100);
    expect(traced.of("exit").length).toBe(1);
    expect(traced.losses).toEqual([]);
  });

  test("to end once, though its threads end together", async () => {
    const { of } = await trace([program, "end-together", "300"]);
    const ended = of("exit").map(({ process }) => process);
    expect(ended.length).toBe(301);
    expect(new Set(ended).size).toBe(301);
  });

  test("by its interpreter and its script", async () => {
    const script = join(directory, "script");
    writeFileSync(script, "#!/bin/sh\nexit 0\n");
    chmodSync(script, 0o755);
    expect(await lastExec([script, "x"])).toMatchObject({ filename: script, argv: ["/bin/sh", script, "x"] });
  });

  test("by the program that the dynamic linker loads", async () => {
    const { of } = await trace(["/lib64/ld-linux-x86-64.so.2", "/bin/cat", secret]);
    expect(text(of("exec").at(-1)!.argv)).toBe(`/lib64/ld-linux-x86-64.so.2\0/bin/cat\0${secret}\0`);
    expect(of("open").map(({ path }) => text(path))).toEqual(expect.arrayContaining(["/usr/bin/cat", secret]));
  });

  test("under the name that its file has now", async () => {
    const copy = join(directory, "harmless");
    copyFileSync("/bin/true", copy);
    chmodSync(copy, 0o755);
    expect(await lastExec(["bash", "-c", `exec -a node ${copy}`])).toMatchObject({ binary: copy, argv: ["node"] });
  });

  test("to have no file any more", async () => {
    const copy = join(directory, "gone");
    copyFileSync("/bin/true", copy);
    chmodSync(copy, 0o755);
    const { binary, flags } = await lastExec([program, "deleted", copy]);
    expect([binary, flags & FLAG.deleted]).toEqual([copy, FLAG.deleted]);
  });

  test("with the first 4,096 bytes of its arguments, and the cut is flagged", async () => {
    const { argv, flags } = await lastExec([program, "long-argv", "--steal"]);
    expect(argv.length).toBeGreaterThan(370);
    expect(flags & FLAG.truncated).toBe(FLAG.truncated);
  });

  test("to touch another process: its environment, its memory, its steps, its signals", async () => {
    const { of } = await trace([program, "touch-other"]);
    const child = of("fork").at(-1)!.child_pid;
    expect(of("open").map(({ path }) => text(path))).toContain(`/proc/${child}/environ`);
    const rare = new Set(of("syscall").map(({ syscall }) => syscall));
    for (const name of ["ptrace", "process_vm_writev", "kill", "rt_sigqueueinfo"] as const) {
      expect(rare).toContain(RARE_SYSCALLS[name]);
    }
  });

  test("five thousand times in a row, without loss", async () => {
    const { of, losses } = await trace([program, "short-lives", "5000"]);
    expect(of("fork").length).toBe(5000);
    expect(of("exit").length).toBe(5001);
    expect(losses).toEqual([]);
  });

  test("in a flood, with every record received or counted as lost", async () => {
    const path = `/${"missing/".repeat(450)}`;
    const { of, losses } = await trace([
      "sh",
      "-c",
      `${program} flood 60000 ${path} & ${program} flood 60000 ${path}; wait`,
    ]);
    const [sent] = of("marker").filter(({ kind, values }) => kind === SENT && values[0] === 4n);
    const lost = losses.filter(({ record }) => record === "open").reduce((sum, { count }) => sum + count, 0);
    expect(Number(sent!.values[1])).toBeGreaterThanOrEqual(120_000);
    expect(of("open").length + lost).toBe(Number(sent!.values[1]));
    // A gigabyte is more than a trace holds, if the ring could take it at all.
    expect(lost).toBeGreaterThan(0);
    for (const { cause } of losses) expect(["ringFull", "throttled"]).toContain(cause);
  });
});
