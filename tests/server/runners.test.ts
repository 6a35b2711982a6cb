import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Runner } from "../../protocol/requests.ts";
import { listJobs } from "../../server/job-list.ts";
import { burdenOf, patienceOf } from "../../server/least-loaded.ts";
import { handBack, leaseJob, sweepExpired } from "../../server/queue.ts";
import { changeRunner, removeRunner, stopRunner } from "../../server/runners.ts";
import { findRunner, listRunners, putRunner, listWaiting } from "../../server/store/runners.ts";
import { getRun } from "../../server/store/runs.ts";
import { segmentNumbers } from "../../server/store/traces.ts";
import { submitScan } from "../../server/submit.ts";
import { receiveSegment } from "../../server/ingest.ts";
import { codeOf, registration, segment, testServices } from "./support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

const never = new AbortController().signal;
const decision = { actor: "ann", reason: "because" };
const ask = (runner: string, wait_ms = 0) => ({ runner, wait_ms });

async function withRunners(...names: string[]) {
  const services = await testServices();
  for (const name of names) await putRunner(services.db, { ...registration, name, node_major: 22 }, services.now());
  const submit = async (more: object = {}) =>
    (await submitScan(services, { package: "lodash", version: "1.0.0", ...more })).runs[0]!.id;
  return { services, submit };
}

describe("a runner", () => {
  test("that is paused takes nothing on until it is resumed, and its lease goes on", async () => {
    const { services, submit } = await withRunners("a");
    await submit();
    const held = await leaseJob(services, ask("a"), never);
    const waiting = await submit();
    expect((await changeRunner(services, "a", "pause", decision)).state).toBe("paused");
    expect(await leaseJob(services, ask("a"), never)).toBeUndefined();
    expect((await getRun(services.db, held!.run_id)).state).toBe("leased");
    // Registering again, as each runner does after a trouble, resumes nothing.
    expect((await putRunner(services.db, { ...registration, name: "a" }, services.now())).state).toBe("paused");
    await changeRunner(services, "a", "resume", decision);
    expect((await leaseJob(services, ask("a"), never))?.run_id).toBe(waiting);
  });

  test("that says what is in its way is unable, takes nothing on, and is active once it says nothing any more", async () => {
    const { services, submit } = await withRunners("a");
    const run = await submit();
    const trouble = "Docker does not answer at /var/run/docker.sock.";
    const unable = await putRunner(services.db, { ...registration, name: "a", trouble }, services.now());
    expect([unable.state, unable.trouble]).toEqual(["unable", trouble]);
    expect(await leaseJob(services, ask("a"), never)).toBeUndefined();
    const { jobs } = await listJobs(services, {});
    expect(jobs.map(({ blocked }) => blocked)).toEqual([`The runner a is unable: ${trouble}`]);
    // An operator's word stands above it.
    expect((await changeRunner(services, "a", "pause", decision)).state).toBe("paused");
    expect((await changeRunner(services, "a", "resume", decision)).state).toBe("unable");
    expect((await putRunner(services.db, { ...registration, name: "a" }, services.now())).state).toBe("active");
    expect((await leaseJob(services, ask("a"), never))?.run_id).toBe(run);
  });

  test("that is drained is told so at once, and is active again when it comes back after its end", async () => {
    const { services } = await withRunners("a");
    const asking = leaseJob(services, ask("a", 25_000), never);
    await Bun.sleep(5);
    await changeRunner(services, "a", "drain", decision);
    expect(await asking).toBeUndefined();
    expect((await putRunner(services.db, { ...registration, name: "a" }, services.now())).state).toBe("draining");
    await stopRunner(services, "a");
    expect((await findRunner(services.db, "a", services.now()))?.state).toBe("stopped");
    expect((await putRunner(services.db, { ...registration, name: "a" }, services.now())).state).toBe("active");
  });

  test("that nobody hears of is lost, and can be removed; an active one only by force, and never with runs for it alone", async () => {
    const { services, submit } = await withRunners("a", "b");
    const run = await submit();
    await leaseJob(services, ask("a"), never);
    expect(await codeOf(removeRunner(services, "a", false, "ann"))).toBe("conflict");
    await submit({ runner: "b" });
    services.clock.now += 61_000;
    expect((await listRunners(services.db, services.now())).map(({ state }) => state)).toEqual(["lost", "lost"]);
    expect(await codeOf(removeRunner(services, "b", true, "ann"))).toBe("conflict");
    await removeRunner(services, "a", false, "ann");
    expect(await sweepExpired(services)).toBe(true);
    expect((await getRun(services.db, run)).state).toBe("queued");
    expect(await codeOf(removeRunner(services, "a", false, "ann"))).toBe("not_found");
  });

  test("gives a run back: the next has it at once, without what was uploaded, and it is no attempt", async () => {
    const { services, submit } = await withRunners("a", "b");
    const run = await submit();
    const lease = (await leaseJob(services, ask("a"), never))!;
    const compressed = segment(["/a"]);
    const sha256 = new Bun.CryptoHasher("sha256").update(compressed).digest("hex");
    await receiveSegment(services, { runId: run, lease: lease.lease, seq: 0, sha256, compressed });
    await handBack(services, run, lease.lease);
    expect((await segmentNumbers(services.db, run)).numbers).toEqual([]);
    expect(await codeOf(handBack(services, run, lease.lease))).toBe("lease_lost");
    const next = await leaseJob(services, ask("b"), never);
    expect([next?.run_id, next?.attempt]).toEqual([run, 1]);
  });
});

describe("a job", () => {
  test("goes to the runner that has the least to do, of those that wait", async () => {
    const { services, submit } = await withRunners("busy", "idle", "hot");
    const asking = {
      busy: leaseJob(services, { ...ask("busy", 3000), load: { running: 1, cpu: 0.2 } }, never),
      hot: leaseJob(services, { ...ask("hot", 3000), load: { running: 0, cpu: 0.9 } }, never),
      idle: leaseJob(services, { ...ask("idle", 3000), load: { running: 0, cpu: 0.1 } }, never),
    };
    const waiting = () => listWaiting(services.db, services.now());
    for (let tries = 0; (await waiting()).length < 3 && tries < 1000; tries++) await Bun.sleep(5);
    const run = await submit();
    const first = await Promise.race(
      Object.entries(asking).map(async ([name, lease]) => [name, (await lease)?.run_id]),
    );
    expect(first).toEqual(["idle", run]);
    // The others are not held up for ever.
    const second = await submit();
    expect((await asking.hot)?.run_id ?? (await asking.busy)?.run_id).toBe(second);
  });

  test("goes to the only runner that may have it, though one with less to do waits, too, and stays without", async () => {
    const { services, submit } = await withRunners("busy", "idle");
    const enough = new AbortController();
    const busy = leaseJob(services, { ...ask("busy", 10_000), load: { running: 1, cpu: 0.9 } }, enough.signal);
    const idle = leaseJob(services, { ...ask("idle", 10_000), load: { running: 0, cpu: 0.1 } }, enough.signal);
    const run = await submit({ runner: "busy" });
    expect((await busy)?.run_id).toBe(run);
    enough.abort();
    expect(await idle).toBeUndefined();
  });

  test("is taken by priority, then by age", async () => {
    const { services, submit } = await withRunners("a");
    const runs = [await submit(), await submit({ priority: 1 }), await submit({ priority: 9 }), await submit()];
    const order: (string | undefined)[] = [];
    for (let i = 0; i < 4; i++) order.push((await leaseJob(services, ask("a"), never))?.run_id);
    expect(order).toEqual([runs[2], runs[0], runs[3], runs[1]]);
  });

  test("goes only to a runner with the Node.js and the image that it wants, and is refused where none has them", async () => {
    const { services, submit } = await withRunners("a");
    await putRunner(services.db, { ...registration, name: "b", node_major: 24, image: "other" }, services.now());
    const node = await submit({ node_major: 24 });
    const image = await submit({ image: "other" });
    expect(await leaseJob(services, ask("a"), never)).toBeUndefined();
    expect((await leaseJob(services, ask("b"), never))?.run_id).toBe(node);
    expect((await leaseJob(services, ask("b"), never))?.run_id).toBe(image);
    for (const wish of [{ node_major: 18 }, { image: "none" }, { runner: "a", node_major: 24 }, { runner: "c" }])
      expect(await codeOf(submit(wish))).toBe("not_found");
  });

  test("that nobody takes says what is in the way", async () => {
    const { services, submit } = await withRunners("a");
    await putRunner(services.db, { ...registration, name: "b", node_major: 24 }, services.now());
    await submit({ node_major: 24, priority: 6 });
    await submit();
    await submit({ priority: 4 });
    const whole = await listJobs(services, {});
    expect(whole.jobs.map(({ priority, blocked }) => [priority, blocked])).toEqual([
      [6, null],
      [5, null],
      [4, null],
    ]);
    await changeRunner(services, "b", "pause", decision);
    const page = await listJobs(services, { limit: 2 });
    expect(page.jobs.map(({ blocked }) => blocked)).toEqual(["The runner b is paused.", null]);
    const rest = await listJobs(services, { after: page.next! });
    expect([rest.jobs.map(({ priority }) => priority), rest.next]).toEqual([[4], null]);
    await removeRunner(services, "b", true, "ann");
    expect((await listJobs(services, { limit: 1 })).jobs[0]!.blocked).toBe("No runner has Node.js 24.");
    await leaseJob(services, ask("a"), never);
    expect((await listJobs(services, {})).jobs.map(({ state, holder }) => [state, holder])).toEqual([
      ["waiting", null],
      ["held", "a"],
      ["waiting", null],
    ]);
  });
});

test("the burden of a runner is its share of runs and how busy its host is; patience counts those with less", () => {
  const runner = (name: string, held: number, cpu: number): Runner => ({
    ...registration,
    ...{ name, concurrency: 4, held, load: { running: held, cpu }, registered_at: 0, last_seen: 0, state: "active" },
  });
  const runners = [runner("a", 1, 0.1), runner("b", 3, 0.1), runner("c", 0, 0.2)];
  expect(runners.map(burdenOf).map((burden) => burden.toFixed(2))).toEqual(["0.35", "0.85", "0.20"]);
  expect(["c", "a", "b"].map((name) => patienceOf(name, runners))).toEqual([0, 120, 240]);
  expect(patienceOf("stranger", runners)).toBe(0);
});
