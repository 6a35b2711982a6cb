import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { AnalysisInput } from "../../server/analysis/types.ts";
import { find, five } from "./five.ts";
import {
  codeOf,
  completeControl,
  completeRun,
  finishRun,
  leaseNext,
  leaseOne,
  result,
  segment,
  startTestServer,
  testAnalysis,
  type TestServer,
} from "./support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

async function until(done: () => Promise<boolean>): Promise<void> {
  while (!(await done())) await Bun.sleep(10);
}

const again = (server: TestServer, id: string) => server.admin.reanalyseRun(id, false);

describe("a run judged again, with what operators decided", () => {
  test("is judged by the allow-list and the severities of today, against the baseline of then", async () => {
    await using server = await startTestServer();
    const run = await five(server);
    await server.admin.addAllow({ kind: "path", value: "/1", note: "a cache" });
    await server.admin.setPackage("lodash", { severities: { fs_new_path_read: "high" } });
    const change = await again(server, run.id);
    expect(change.removed.map(({ value }) => value)).toEqual(["/1"]);
    const judged = await server.admin.run(run.id);
    expect(judged).toMatchObject({ verdict: "deviant", deviations: 4, open: 4, max_severity: "high" });
    expect(judged.allowed.map(({ value, rule }) => [value, rule.note])).toEqual([["/1", "a cache"]]);
    expect(await again(server, run.id)).toMatchObject({ added: [], removed: [] });

    await server.admin.removeAllow(judged.allowed[0]!.rule.id);
    await again(server, run.id);
    expect(await server.admin.run(run.id)).toMatchObject({ open: 5, allowed: [] });
  });

  test("that waited for the seeds of its package has the baseline that they made", async () => {
    await using server = await startTestServer({ sweepMs: 10 });
    await server.admin.addPackage({ name: "lodash", seed: 1 });
    const seed = await leaseNext(server);
    const waiting = await finishRun(server, await leaseOne(server, "lodash", "1.0.0"), ["/a", "/new"]);
    expect(waiting.state).toBe("analysing");
    const { version } = await finishRun(server, seed, ["/a"]);
    await until(async () => (await server.admin.run(waiting.id)).state === "controlling");
    const control = await completeControl(server, await server.admin.run(waiting.id), segment(["/a"]));
    expect(control).toMatchObject({ verdict: "deviant", deviations: 1 });
    expect(await again(server, waiting.id)).toMatchObject({ after: { verdict: "deviant" }, added: [], removed: [] });
    expect((await server.admin.baseline("lodash")).versions).toEqual([version]);
  });

  test("stays the seed that it was, and says so in the same words", async () => {
    await using server = await startTestServer();
    await server.admin.addPackage({ name: "lodash", seed: 2 });
    for (const lease of [await leaseNext(server), await leaseNext(server)]) await finishRun(server, lease, ["/a"]);
    for (const { run_id, reason } of (await server.admin.package("lodash")).seeds) {
      const change = await again(server, run_id);
      expect(change.after).toMatchObject({ verdict: "seeded", reason });
      expect(reason).toStartWith("Seeded from 2 of 2 releases");
    }
  });

  test("is not compared with the other seeds where it is the last of them, and leaked", async () => {
    await using server = await startTestServer();
    await server.admin.addPackage({ name: "lodash", seed: 2 });
    const [first, last] = [await leaseNext(server), await leaseNext(server)];
    await finishRun(server, first, ["/a"]);
    expect(await finishRun(server, last, ["/b", "/leak/x"])).toMatchObject({ verdict: "deviant", deviations: 1 });
    expect(await again(server, last.run_id)).toMatchObject({ added: [], removed: [] });
  });

  test("finds the baseline of then after it was rebuilt, and where it was imported", async () => {
    await using server = await startTestServer();
    const run = await five(server);
    await server.admin.rebuildBaseline("lodash", "to be sure");
    expect(await again(server, run.id)).toMatchObject({ after: { verdict: "deviant" }, added: [], removed: [] });

    const behaviours = [{ actor: "import", category: "fs_new_path_read", value: "/a" }];
    await server.admin.importBaseline("axios", { node_major: 22, versions: ["0.9.0"], behaviours, reason: "known" });
    const other = await completeRun(server, ["/a", "/b"], { package: "axios", version: "1.0.0" });
    expect(await again(server, other.id)).toMatchObject({ after: { verdict: "deviant" }, added: [], removed: [] });
  });

  test("has its withdrawn deviations withdrawn again when a rejection of one is taken back", async () => {
    await using server = await startTestServer();
    const run = await five(server);
    await server.admin.addAllow({ kind: "path", value: "/1", note: "a cache" });
    await again(server, run.id);
    const { id } = await find(server, run.id, "/1");
    await server.admin.rejectDeviations({ ids: [id], reason: "no" });
    expect((await server.admin.deviation(id)).state).toBe("rejected");
    await server.admin.undoBaseline("lodash", "yes");
    expect((await server.admin.deviation(id)).state).toBe("withdrawn");
  });
});

describe("a control run", () => {
  test("of another Node.js tells nothing", async () => {
    const controls: AnalysisInput["control"][] = [];
    const analyse = (input: AnalysisInput) => {
      controls.push(input.control);
      return testAnalysis.analyse(input);
    };
    await using server = await startTestServer({ analyse });
    await completeRun(server, ["/a"]);
    const waiting = await finishRun(server, await leaseOne(server, "lodash", "1.1.0"), ["/a", "/new"]);
    expect(waiting.state).toBe("controlling");
    const report = { ...result(1), node_version: "v20.1.0" };
    const after = await completeControl(server, waiting, segment(["/a", "/new"]), report);
    expect(after).toMatchObject({ verdict: "deviant", deviations: 1 });
    expect(controls.at(-1)).toEqual({ missing: "1.0.0 ran on Node.js v20.1.0." });
    expect((await server.admin.package("lodash")).baselines.map((one) => one.node_major)).toEqual([22]);
  });

  test("is not asked for where only another Node.js has a baseline, nor for a seed", async () => {
    await using server = await startTestServer();
    await completeRun(server, ["/a"], { version: "1.0.0" });
    const options = { version: "1.1.0", node_version: "20.0.0" };
    expect(await completeRun(server, ["/a", "/leak/x"], options)).toMatchObject({ state: "done", verdict: "deviant" });
    await server.admin.addPackage({ name: "axios", seed: 2 });
    const seeds = [await leaseNext(server), await leaseNext(server)];
    for (const lease of seeds) await finishRun(server, lease, ["/leak/x", `/${lease.version}`]);
    expect((await server.admin.runs()).runs.filter(({ kind }) => kind === "control")).toEqual([]);
  });

  test("can be neither promoted nor rejected, and confirms nothing", async () => {
    await using server = await startTestServer();
    const first = await completeRun(server, ["/a"], { version: "1.0.0" });
    await completeRun(server, ["/a", "/new"], { version: "1.1.0", control: ["/a"] });
    const control = (await server.admin.runs()).runs.find(({ kind }) => kind === "control")!;
    expect(control).toMatchObject({ version: "1.0.0", verdict: "clean", decision: null });
    expect((await server.admin.baseline("lodash")).entries).toMatchObject([{ last_run: first.id }]);
    expect(await codeOf(server.admin.promoteRun(control.id, "x"))).toBe("conflict");
    expect(await codeOf(server.admin.rejectRun(control.id, "x"))).toBe("conflict");
  });

  test("waits for no seed: its package was reset and is seeded anew meanwhile", async () => {
    await using server = await startTestServer({ sweepMs: 10 });
    await completeRun(server, ["/a"], { version: "1.0.0" });
    const waiting = await finishRun(server, await leaseOne(server, "lodash", "1.1.0"), ["/a", "/new"]);
    const control = await leaseNext(server);
    await server.admin.resetPackage("lodash", "anew");
    await server.admin.addPackage({ name: "lodash", seed: 1 });
    expect(await finishRun(server, control, ["/a"])).toMatchObject({ state: "done", kind: "control" });
    expect((await server.admin.package("lodash")).seeding).toBe(true);
    // The run itself has no baseline any more, so it does wait, and is compared with what the seed showed.
    expect((await server.admin.run(waiting.id)).state).toBe("analysing");
    await finishRun(server, await leaseNext(server), ["/a"]);
    await until(async () => (await server.admin.run(waiting.id)).state === "done");
    expect(await server.admin.run(waiting.id)).toMatchObject({ verdict: "deviant", deviations: 1 });
  });
});
