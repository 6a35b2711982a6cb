import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { FangsError } from "../../../protocol/errors.ts";
import { planTraces, type RetentionPolicy } from "../../../server/retention/plan.ts";
import { retentionStatus } from "../../../server/retention/status.ts";
import { sweep } from "../../../server/retention/sweep.ts";
import { sumTraces } from "../../../server/store/retention.ts";
import { planOf } from "../../stores/stores.ts";
import { codeOf, completeRun, leaseOne, segment, startTestServer, testServices } from "../support.ts";
import { makeRun, tracesOf } from "./runs.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

const DAY = 86_400_000;
const NOW = 1_800_000_000_000;
const going = new AbortController().signal;
const leads = async (): Promise<void> => {};

async function servicesWith(retention: RetentionPolicy) {
  return testServices({ retention, now: () => NOW });
}

describe("a sweep", () => {
  test("takes the traces of runs that ended before the limit, and no others; the runs say so", async () => {
    const services = await servicesWith({ days: 90, maxBytes: 0 });
    const { db } = services;
    const old = await makeRun(db, { ended: NOW - 91 * DAY, segments: [100, 200] });
    const failed = await makeRun(db, { ended: NOW - 91 * DAY, state: "failed" });
    const undecided = await makeRun(db, { ended: NOW - 91 * DAY, undecided: true });
    const young = await makeRun(db, { ended: NOW - 89 * DAY });
    await sweep(services, going, leads);
    const gone = [0, 0, true];
    expect(await tracesOf(db, [old, failed, undecided, young])).toEqual([gone, gone, gone, [1, 100, false]] as never);
    expect(await db.query.selectFrom("deviation").select("evidence").execute()).toEqual([{ evidence: "{}" }]);
    expect(await sumTraces(db)).toEqual({ runs: 1, bytes: 100 });
  });

  test("leaves alone what is still to be analysed, however old or large", async () => {
    const services = await servicesWith({ days: 1, maxBytes: 1 });
    const { db } = services;
    const states = ["queued", "leased", "running", "analysing", "controlling"] as const;
    const ids: string[] = [];
    for (const state of states) ids.push(await makeRun(db, { ended: NOW - 900 * DAY, state }));
    await sweep(services, going, leads);
    expect(await tracesOf(db, ids)).toEqual(states.map(() => [1, 100, false]));
  });

  test("takes the oldest beyond the size, and what nobody has decided about last", async () => {
    const services = await servicesWith({ days: 0, maxBytes: 250 });
    const { db } = services;
    const undecided = await makeRun(db, { ended: NOW - 50 * DAY, undecided: true });
    const ids = [undecided];
    for (let day = 40; day > 0; day -= 10) ids.push(await makeRun(db, { ended: NOW - day * DAY }));
    await sweep(services, going, leads);
    const kept = [1, 100, false];
    const gone = [0, 0, true];
    expect(await tracesOf(db, ids)).toEqual([kept, gone, gone, gone, kept] as never);
    services.retention.maxBytes = 50;
    await sweep(services, going, leads);
    expect(await tracesOf(db, ids)).toEqual([gone, gone, gone, gone, gone] as never);
  });

  test("without limits takes nothing", async () => {
    const services = await servicesWith({ days: 0, maxBytes: 0 });
    const id = await makeRun(services.db, { ended: 1000 });
    await sweep(services, going, leads);
    expect(await tracesOf(services.db, [id])).toEqual([[1, 100, false]]);
  });

  test("of a large trace is done in steps; one that was broken off is never taken for whole, and is gone on with", async () => {
    const services = await servicesWith({ days: 90, maxBytes: 0 });
    const { db } = services;
    const small = await makeRun(db, { ended: NOW - 100 * DAY });
    const large = await makeRun(db, { ended: NOW - 99 * DAY, segments: Array.from({ length: 700 }, () => 10) });
    const behind = await makeRun(db, { ended: NOW - 98 * DAY });
    const stop = new AbortController();
    let transactions = 0;
    await sweep(services, stop.signal, async () => {
      if (++transactions === 2) stop.abort();
    });
    // Two steps of 256: the small one, and 511 of the 700; the one behind has all it had, and does not say otherwise.
    expect(await tracesOf(db, [small, large, behind])).toEqual([
      [0, 0, true],
      [189, 1890, true],
      [1, 100, false],
    ]);
    await sweep(services, going, leads);
    expect(await tracesOf(db, [large, behind])).toEqual([
      [0, 0, true],
      [0, 0, true],
    ] as never);
    expect(await sumTraces(db)).toEqual({ runs: 0, bytes: 0 });
  });

  test("of an orchestrator that leads no more writes nothing", async () => {
    const services = await servicesWith({ days: 90, maxBytes: 0 });
    const id = await makeRun(services.db, { ended: NOW - 100 * DAY });
    const lost = async (): Promise<never> => {
      throw new FangsError("lead_lost", "Another one leads.");
    };
    expect(await codeOf(sweep(services, going, lost))).toBe("lead_lost");
    expect(await tracesOf(services.db, [id])).toEqual([[1, 100, false]]);
  });

  test("takes what its status said before", async () => {
    const services = await servicesWith({ days: 90, maxBytes: 1000 });
    const { db } = services;
    for (let day = 0; day < 200; day += 10) {
      await makeRun(db, { ended: NOW - day * DAY, segments: [70, 80], undecided: day % 30 === 0 });
    }
    const before = await retentionStatus(services);
    expect(before).toMatchObject({ stored: { runs: 20, bytes: 3000 }, due: { runs: 14, bytes: 2100 }, last: null });
    await sweep(services, going, leads);
    expect(await retentionStatus(services)).toMatchObject({
      stored: { runs: 6, bytes: 900 },
      due: { runs: 0, bytes: 0 },
      last: { ended_at: NOW, runs: 14, bytes: 2100 },
    });
    const { text } = await services.metrics.expose(db, NOW);
    expect(text).toContain('fangs_retention_removed_total{kind="trace"} 14');
    expect(text).toContain('fangs_retention_removed_bytes_total{kind="trace"} 2100');
    expect(text).toContain("fangs_trace_bytes 900");
  });

  test("adds up and finds what it takes by an index, without reading the runs", async () => {
    const { db } = await servicesWith({ days: 90, maxBytes: 0 });
    const sum = await planOf(db, "select count(*), coalesce(sum(trace_bytes), 0) from run where trace_bytes > 0");
    expect(sum.join(" ")).toContain("run_trace");
    const find = "select id, trace_bytes from run where trace_bytes > 0 and id > 'a' order by id limit 100";
    expect((await planOf(db, find)).join(" ")).toContain("run_trace");
    for await (const runs of planTraces(db, { days: 90, maxBytes: 1 }, NOW, 10)) expect(runs).toEqual([]);
  });
});

describe("a run whose trace was taken away", () => {
  test("says so wherever the trace is asked for, and keeps its verdict, its deviations and their evidence", async () => {
    await using server = await startTestServer({ retention: { days: 0, maxBytes: 1 }, retainMs: 20 });
    const { admin } = server;
    await completeRun(server, ["/a"]);
    const run = await completeRun(server, ["/a", "/b"], { version: "1.1.0" });
    const until = performance.now() + 60_000;
    while ((await admin.run(run.id)).trace_bytes > 0 && performance.now() < until) await Bun.sleep(20);
    const detail = await admin.run(run.id);
    expect(detail.trace_pruned_at).toBeNumber();
    expect([detail.verdict, detail.events, detail.trace_bytes]).toEqual(["deviant", 2, 0]);
    const asked = [
      admin.events(run.id),
      admin.tree(run.id),
      admin.traceSegment(run.id, 0),
      admin.reanalyseRun(run.id, true),
    ];
    expect(await Promise.all(asked.map(codeOf))).toEqual(asked.map(() => "trace_pruned"));
    const { deviations } = await admin.deviations({ run: run.id });
    expect(deviations.map(({ value, evidence }) => [value, evidence.observed])).toEqual([["/b", "/b"]]);
    expect((await admin.promoteRun(run.id, "known")).promoted).toBe(1);
    expect((await admin.retention()).stored).toEqual({ runs: 0, bytes: 0 });
  });

  test("counts what a run had uploaded that was called off", async () => {
    await using server = await startTestServer();
    const lease = await leaseOne(server);
    const bytes = segment(["/a", "/b"]);
    await server.runner.putSegment(lease.run_id, lease.lease, 0, bytes);
    await server.admin.cancelRun(lease.run_id, "enough");
    expect((await server.admin.run(lease.run_id)).trace_bytes).toBe(bytes.length);
    expect((await server.admin.retention()).stored).toEqual({ runs: 1, bytes: bytes.length });
  });
});
