import { beforeAll, describe, expect, test } from "bun:test";
import { acts, directory, text, trace, unavailable } from "./support.ts";

describe.skipIf(unavailable !== undefined)("the processes of a traced command", () => {
  let program = "";
  beforeAll(() => {
    program = acts();
  });

  test("an exec has its resolved program, its arguments and its directory", async () => {
    const { of } = await trace(["sh", "-c", `cd ${directory}; exec env true 'two words' "" end`]);
    const run = of("exec").at(-1)!;
    expect({
      binary: text(run.binary),
      argv: text(run.argv).split("\0").slice(0, -1),
      cwd: text(run.cwd),
    }).toEqual({ binary: "/usr/bin/true", argv: ["true", "two words", "", "end"], cwd: directory });
  });

  test("every process has a parent, a number of its own and an end", async () => {
    const { of } = await trace(["sh", "-c", "sh -c 'exit 3'; sh -c 'kill -9 $$'; true"]);
    const forks = of("fork");
    const indexes = forks.map((fork) => fork.child);
    expect(indexes).toEqual([16, 17]);
    expect(forks.map((fork) => fork.process)).toEqual([1, 1]);
    const ends = Object.fromEntries(of("exit").map((exit) => [exit.process, [exit.code, exit.signal]]));
    expect(ends).toEqual({ 16: [3, 0], 17: [0, 9], 1: [0, 0] });
  });

  test("a program run from memory says that it has no file", async () => {
    const { of } = await trace([program, "memfd", "/usr/bin/true"]);
    const run = of("exec").at(-1)!;
    expect(text(run.argv)).toBe("fileless\0");
    expect(run.flags & 4).toBe(4);
    expect(text(run.binary)).toContain("memfd:payload");
    expect(of("syscall").map((call) => text(call.text))).toContain("payload");
  });

  test("four hundred processes lose nothing and share no number", async () => {
    const { of, losses, records } = await trace(["sh", "-c", "for i in $(seq 400); do (:) & done; wait"]);
    const indexes = of("fork").map((fork) => fork.child);
    expect(new Set(indexes).size).toBe(indexes.length);
    expect(indexes.length).toBeGreaterThanOrEqual(400);
    expect(losses).toEqual([]);
    const sent = of("marker").filter((marker) => marker.kind === 4);
    for (const { values } of sent) expect(values[1]).toBe(values[2]!);
    expect(records.length).toBeGreaterThan(800);
  });

  test("processes of others are not recorded", async () => {
    const stranger = Bun.spawn(["sh", "-c", "sleep 0.1; cat /etc/hostname"], { stdout: "ignore" });
    const { of } = await trace(["sleep", "0.4"]);
    await stranger.exited;
    expect(of("open").map((open) => text(open.path))).not.toContain("/etc/hostname");
  });
});
