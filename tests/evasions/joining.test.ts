import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readlinkSync } from "node:fs";
import { TraceCursor } from "../../protocol/trace.ts";
import { type TraceRecord, decodeRecord } from "../../protocol/trace-codec.ts";
import { connectDocker } from "../../runner/sandbox/docker.ts";
import type { Sandbox } from "../../runner/sandbox/host.ts";
import { LABELS } from "../../runner/sandbox/owner.ts";
import { openSensor } from "../../runner/sensor/sensor.ts";
import { noSandbox, openTestHost, quiet } from "../runner/sandbox/support.ts";
import { text } from "./support.ts";

describe.skipIf(noSandbox !== null)("in a sandbox", () => {
  const stack = new AsyncDisposableStack();
  let host: Awaited<ReturnType<typeof openTestHost>>;
  beforeAll(async () => {
    host = stack.use(await openTestHost([quiet()]));
  }, 240_000);
  afterAll(() => stack.disposeAsync());

  /** The records of a command, and of what `meanwhile` does while it runs; the survivors are left alone. */
  async function watch(line: string, meanwhile: (sandbox: Sandbox, container: string) => Promise<void>) {
    const records: TraceRecord[] = [];
    const runId = crypto.randomUUID();
    await using sandbox = await host.start({ runId });
    const docker = await connectDocker();
    const [container] = await docker.listContainers({ filters: { label: [`${LABELS.run}=${runId}`] } });
    using sensor = await openSensor();
    const recording = await sensor.record((segment) => {
      const cursor = new TraceCursor(segment);
      while (cursor.next()) records.push(decodeRecord(cursor)!);
    });
    await recording.watchNamespace(Number(/\d+/.exec(readlinkSync(`/proc/${sandbox.initPid}/ns/pid`))![0]));
    const held = await sandbox.hold({ phase: "import", label: "shell", argv: ["sh", "-c", line], timeoutMs: 20_000 });
    await recording.arm(held.pid, 1, "import");
    const [end] = await Promise.all([held.release(), meanwhile(sandbox, container!.Id)]);
    await recording.phaseEnd("import", 1, [end.exit_code ?? -1, 0, 0, end.duration_ms]);
    const survivors = await recording.survivors(sandbox.survivors());
    return { records, end, survivors, finished: await recording.finish() };
  }

  test("a process that joins by docker exec is watched, though nobody of the run made it", async () => {
    const { records, finished } = await watch("sleep 3", async (_, container) => {
      const { exitCode } = Bun.spawnSync(["docker", "exec", container, "cat", "/etc/hostname"]);
      expect(exitCode).toBe(0);
    });
    const joined = records.find((record) => record.record === "exec" && text(record.argv) === "cat\0/etc/hostname\0");
    expect(joined!.process).toBeGreaterThanOrEqual(16);
    expect(records.some((record) => record.record === "fork" && record.child === joined!.process)).toBe(false);
    const opened = records.filter((record) => record.record === "open" && record.process === joined!.process);
    expect(opened.map((record) => record.record === "open" && text(record.path))).toContain("/etc/hostname");
    expect(finished.losses).toEqual([]);
  }, 60_000);

  test("a process that leaves its session and its parents and outlives the phase is a survivor of the run", async () => {
    const line = "(setsid sh -c 'sleep 1; cat /etc/hostname; sleep 30' & ) & sleep 0.3";
    const { records, survivors } = await watch(line, async () => {});
    expect(survivors).toBeGreaterThanOrEqual(2); // the shell and its sleep
    const marked = new Set(records.flatMap((r) => (r.record === "marker" && r.kind === 5 ? [r.process] : [])));
    const shell = records.find((r) => r.record === "exec" && text(r.argv).startsWith("sh\0-c\0sleep 1"));
    expect(marked).toContain(shell!.process);
  }, 60_000);
});
