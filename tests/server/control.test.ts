import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { compileCore } from "../../differ-wasm/compile.ts";
import type { Run } from "../../protocol/models.ts";
import { readYaml } from "../../protocol/yaml.ts";
import { type Analyse, createAnalyser } from "../../server/analysis/analyse.ts";
import { listEvents } from "../../server/analysis/events.ts";
import { processTree } from "../../server/analysis/tree.ts";
import type { ServerOptions } from "../../server/app.ts";
import { controlVersion } from "../../server/control.ts";
import { readOperatorRules } from "../../server/operator-rules-file.ts";
import { listAudit } from "../../server/store/audit.ts";
import { isFinal } from "../../server/run-state.ts";
import { openStore } from "../../server/store/open.ts";
import { completeResult, installStory, type Story } from "./analysis/story.ts";
import { storeOf } from "../stores/stores.ts";
import { codeOf, completeControl, leaseOne, registration, startTestServer, type TestServer } from "./support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

let analyse: Analyse;
beforeAll(async () => {
  analyse = createAnalyser(await compileCore({ simd: true }));
});
const start = (options: Partial<ServerOptions> = {}): Promise<TestServer> =>
  startTestServer({ analyse, listEvents, processTree, ...options });

/** A run that writes these files, from its import. */
function writing(...files: string[]): Story {
  const story = installStory();
  for (const file of files) story.write(2, file);
  return story;
}
const trace = (story: Story) => new Uint8Array(Bun.zstdCompressSync(story.segment()));
const report = (story: Story) => completeResult({ events: story.records.length });

/** Scans lodash; answers when its result was taken. */
async function run(server: TestServer, version: string, ...files: string[]): Promise<Run> {
  const lease = await leaseOne(server, "lodash", version);
  const story = writing(...files);
  await server.runner.putSegment(lease.run_id, lease.lease, 0, trace(story));
  return server.runner.putResult(lease.run_id, lease.lease, report(story));
}

async function control(server: TestServer, waiting: Run, ...files: string[]): Promise<Run> {
  const story = writing(...files);
  return completeControl(server, waiting, trace(story), report(story));
}

const ended = async (server: TestServer, id: string): Promise<Run> => {
  for (;;) {
    const now = await server.admin.run(id);
    if (isFinal(now.state)) return now;
    await Bun.sleep(10);
  }
};

describe("a deviant release", () => {
  test("waits for its predecessor, run under the same moment of the registry", async () => {
    await using server = await start();
    await run(server, "1.0.0");
    const lease = await leaseOne(server, "lodash", "1.1.0");
    const story = writing("/tmp/new");
    await server.runner.putSegment(lease.run_id, lease.lease, 0, trace(story));
    const waiting = await server.runner.putResult(lease.run_id, lease.lease, report(story));
    expect(waiting).toMatchObject({ state: "controlling", verdict: null, kind: "scan" });
    expect((await server.admin.deviations({ run: waiting.id })).deviations).toEqual([]);

    const next = await server.runner.lease({ runner: registration.name, wait_ms: 0 });
    expect(next).toMatchObject({ package: "lodash", version: "1.0.0", before: lease.before });
    expect(lease.before).toBeGreaterThan(0);
    expect(await server.admin.run(next!.run_id)).toMatchObject({ kind: "control", control_of: waiting.id });
  });

  test("whose news the predecessor shows today, too, is clean, and nothing of it is accepted", async () => {
    await using server = await start();
    await run(server, "1.0.0");
    const before = await server.admin.baseline("lodash");
    const after = await control(server, await run(server, "1.1.0", "/tmp/new"), "/tmp/new");
    expect(after).toMatchObject({ state: "done", verdict: "clean", deviations: 1, max_severity: "low" });
    expect((await server.admin.deviations({ run: after.id })).deviations).toMatchObject([
      { drift: true, severity: "low" },
    ]);
    expect((await server.admin.pending()).runs).toEqual([]);
    const baseline = await server.admin.baseline("lodash");
    expect(baseline.versions).toEqual(["1.0.0"]);
    expect(baseline.entries.map(({ value }) => value)).toEqual(before.entries.map(({ value }) => value));
    const { runs } = await server.admin.runs();
    expect(runs.map(({ kind, version, deviations }) => [kind, version, deviations])).toEqual([
      ["control", "1.0.0", 0],
      ["scan", "1.1.0", 1],
      ["scan", "1.0.0", 0],
    ]);
    expect(await codeOf(server.admin.promoteRun(runs[0]!.id, "x"))).toBe("conflict");
    expect(await codeOf(server.admin.retryRun(runs[0]!.id))).toBe("conflict");
  });

  test("whose news are its own is deviant", async () => {
    await using server = await start();
    await run(server, "1.0.0");
    const after = await control(server, await run(server, "1.1.0", "/tmp/new"));
    expect(after).toMatchObject({ verdict: "deviant", deviations: 1 });
    expect(after.reason).toEndWith("1.0.0 shows none of it today.");
  });

  test("is judged without a control run that does not end in time, and says so", async () => {
    await using server = await start({ controlMs: 1, sweepMs: 10 });
    await run(server, "1.0.0");
    const waiting = await run(server, "1.1.0", "/tmp/new");
    const after = await ended(server, waiting.id);
    expect(after).toMatchObject({ verdict: "deviant", deviations: 1 });
    expect(after.reason).toEndWith("The control run is missing: 1.0.0 did not end in time.");
    expect((await server.admin.runs()).runs[0]).toMatchObject({ kind: "control", state: "cancelled" });
    expect(await server.runner.lease({ runner: registration.name, wait_ms: 0 })).toBeUndefined();
  });

  test("is judged without a control run that fails, or whose trace is not whole", async () => {
    await using server = await start({ sweepMs: 10 });
    await run(server, "1.0.0");
    const first = await run(server, "1.1.0", "/tmp/new");
    const [running] = (await server.admin.runs()).runs;
    await server.admin.failRun(running!.id, "no disk");
    expect((await ended(server, first.id)).reason).toEndWith("The control run is missing: 1.0.0: no disk");

    const second = await run(server, "1.1.0", "/tmp/new");
    const failed = { ...report(writing("/tmp/new")), status: "failed" as const, reason: "No image." };
    const after = await completeControl(server, second, trace(writing("/tmp/new")), failed);
    expect(after.verdict).toBe("deviant");
    expect(after.reason).toEndWith("The control run is missing: 1.0.0: No image.");
  });

  test("that is ended by hand takes its control run with it", async () => {
    await using server = await start();
    await run(server, "1.0.0");
    const waiting = await run(server, "1.1.0", "/tmp/new");
    await server.admin.failRun(waiting.id, "enough");
    expect((await server.admin.runs()).runs.map(({ state }) => state)).toEqual(["cancelled", "failed", "done"]);
  });

  test("of which no other version was accepted has nobody to be compared with", async () => {
    await using server = await start();
    await run(server, "1.0.0");
    expect(await run(server, "1.0.0", "/tmp/bomb")).toMatchObject({ state: "done", verdict: "deviant" });
  });

  test("waits on when the server is started anew", async () => {
    const first = await start();
    await run(first, "1.0.0");
    const waiting = await run(first, "1.1.0", "/tmp/new");
    await first.stop();
    await using next = await start({ dataDir: first.folder });
    expect(await control(next, waiting, "/tmp/new")).toMatchObject({ verdict: "clean" });
    await first[Symbol.asyncDispose]();
  });
});

test("the control is the highest accepted version below, else the last accepted one, never the version itself", () => {
  expect(controlVersion("1.5.0", ["2.0.0", "1.4.0", "1.10.0", "1.2.0"])).toBe("1.4.0");
  expect(controlVersion("1.0.0", ["2.0.0", "3.0.0"])).toBe("2.0.0");
  expect(controlVersion("1.0.0", ["1.0.0"])).toBeUndefined();
});

describe("a stored run judged again", () => {
  const RULES = "normalize:\n  - id: parts\n    match: /tmp/part-*\n    as: /tmp/part-<N>\n";
  const rules = (text: string) => readOperatorRules(readYaml(text, "fangs.yaml", ""), 0);

  test("becomes clean where a rule explains its news; what went is kept and audited", async () => {
    await using server = await start();
    await run(server, "1.0.0", "/tmp/part-a");
    const deviant = await control(server, await run(server, "1.1.0", "/tmp/part-b"));
    expect(deviant.verdict).toBe("deviant");
    await server.useRules(rules(RULES));

    const dry = await server.admin.reanalyseRun(deviant.id, true);
    expect(dry).toMatchObject({
      before: { verdict: "deviant", rules: 2 },
      after: { verdict: "clean", rules: 2 },
      added: [],
      removed: [{ value: "/tmp/part-b", category: "fs_new_path_write" }],
      stored: false,
    });
    expect((await server.admin.run(deviant.id)).verdict).toBe("deviant");

    expect((await server.admin.reanalyseRun(deviant.id, false)).stored).toBe(true);
    expect(await server.admin.run(deviant.id)).toMatchObject({ verdict: "clean", deviations: 0, max_severity: null });
    const [kept] = (await server.admin.deviations({ run: deviant.id })).deviations;
    expect(kept).toMatchObject({ state: "withdrawn", value: "/tmp/part-b" });
    expect(kept!.evidence.observed).toBe("/tmp/part-b");
    expect((await server.admin.pending()).runs).toEqual([]);
    const db = openStore(await storeOf(server.folder));
    const entries = await listAudit(db, deviant.id);
    await db.close();
    expect(entries).toMatchObject([{ actor: "local-admin", action: "run.reanalyse" }]);
    expect(JSON.parse(entries[0]!.before ?? "")).toMatchObject({ verdict: "deviant", removed: [kept!.id] });

    // Without the rule it is deviant again, with the deviation of then.
    await server.useRules(rules("normalize: []\n"));
    expect(await server.admin.reanalyseRun(deviant.id, false)).toMatchObject({ after: { verdict: "deviant" } });
    expect((await server.admin.deviations({ run: deviant.id })).deviations).toMatchObject([
      { id: kept!.id, state: "open" },
    ]);
  });

  test("stays seeded, and sees the baseline of then: not what was accepted later, nor what it brought itself", async () => {
    await using server = await start();
    const seeded = await run(server, "1.0.0", "/tmp/a");
    const deviant = await control(server, await run(server, "1.1.0", "/tmp/b"));
    await server.admin.promoteRun(deviant.id, "fine");
    expect(await server.admin.reanalyseRun(seeded.id, false)).toMatchObject({ after: { verdict: "seeded" } });
    const again = await server.admin.reanalyseRun(deviant.id, false);
    expect(again).toMatchObject({
      before: { verdict: "deviant" },
      after: { verdict: "deviant" },
      added: [],
      removed: [],
    });
    expect((await server.admin.deviations({ run: deviant.id })).deviations).toMatchObject([{ state: "promoted" }]);
    expect((await server.admin.baseline("lodash")).versions).toEqual(["1.0.0", "1.1.0"]);
  });

  test("does not count what it brought in itself, where another run had brought its version in before", async () => {
    await using server = await start();
    await run(server, "1.0.0");
    for (const file of ["/tmp/a", "/tmp/b"]) {
      const deviant = await control(server, await run(server, "1.1.0", file));
      await server.admin.promoteRun(deviant.id, "fine");
      const again = await server.admin.reanalyseRun(deviant.id, false);
      expect([again.after.verdict, again.added, again.removed]).toEqual(["deviant", [], []]);
    }
  });

  test("leaves a decided deviation as it was decided, whatever today's rules say", async () => {
    await using server = await start();
    await run(server, "1.0.0", "/tmp/part-a");
    const deviant = await control(server, await run(server, "1.1.0", "/tmp/part-b"));
    await server.admin.promoteRun(deviant.id, "fine");
    await server.useRules(rules(RULES));
    expect(await server.admin.reanalyseRun(deviant.id, false)).toMatchObject({
      after: { verdict: "clean" },
      removed: [],
    });
    expect((await server.admin.deviations({ run: deviant.id })).deviations).toMatchObject([
      { state: "promoted", value: "/tmp/part-b" },
    ]);
  });

  test("is refused where there is nothing to judge it by", async () => {
    await using server = await start();
    await run(server, "1.0.0", "/tmp/a");
    const clean = await run(server, "1.1.0", "/tmp/a");
    expect(clean.verdict).toBe("clean");
    const waiting = await run(server, "1.1.0", "/tmp/b");
    expect(await codeOf(server.admin.reanalyseRun(waiting.id, false))).toBe("conflict");
    await control(server, waiting);
    const controlRun = (await server.admin.runs()).runs.find(({ kind }) => kind === "control");
    expect(await codeOf(server.admin.reanalyseRun(controlRun!.id, true))).toBe("conflict");
    await server.admin.removePackage("lodash");
    expect(await codeOf(server.admin.reanalyseRun(clean.id, false))).toBe("conflict");
    expect((await server.admin.run(clean.id)).verdict).toBe("clean");
  });

  test("tells what each event was compared as, under the rules in force", async () => {
    await using server = await start();
    const seeded = await run(server, "1.0.0", "/tmp/part-a");
    await server.useRules(rules(RULES));
    const { events } = await server.admin.events(seeded.id, { type: "open", explain: true });
    expect(events.at(-1)?.facts).toEqual([
      { category: "fs_new_path_write", before: "/tmp/part-a", after: "/tmp/part-<N>", rules: ["parts"] },
    ]);
    expect((await server.admin.events(seeded.id, { type: "open" })).events.at(-1)).not.toHaveProperty("facts");
  });
});
