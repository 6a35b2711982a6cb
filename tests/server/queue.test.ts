import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { failRun } from "../../server/triage.ts";
import { receiveSegment } from "../../server/ingest.ts";
import { handBack, heartbeat, leaseJob, sweepExpired } from "../../server/queue.ts";
import { getRun } from "../../server/store/runs.ts";
import { putRunner } from "../../server/store/runners.ts";
import { segmentNumbers } from "../../server/store/traces.ts";
import { submitScan } from "../../server/submit.ts";
import { codeOf, registration, segment, testServices } from "./support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

const never = new AbortController().signal;
const now = { runner: "runner-1", wait_ms: 0 };

async function queueWith(runs: number) {
  const services = await testServices();
  await putRunner(services.db, registration, services.now());
  for (let i = 0; i < runs; i++) await submitScan(services, { package: "lodash", version: "1.0.0" });
  return services;
}

async function mustLease(services: Awaited<ReturnType<typeof queueWith>>) {
  const lease = await leaseJob(services, now, never);
  if (lease === undefined) throw new Error("there was no job");
  return lease;
}

function upload(lease: { run_id: string; lease: string }, compressed = segment(["/a"]), seq = 0) {
  const sha256 = new Bun.CryptoHasher("sha256").update(compressed).digest("hex");
  return { runId: lease.run_id, lease: lease.lease, seq, sha256, compressed };
}

describe("the queue", () => {
  test("hands out each job once, however many ask at the same time", async () => {
    const services = await queueWith(5);
    const leases = await Promise.all(Array.from({ length: 8 }, () => leaseJob(services, now, never)));
    const ids = leases.flatMap((lease) => (lease === undefined ? [] : [lease.run_id]));
    expect(ids).toHaveLength(5);
    expect(new Set(ids).size).toBe(5);
  });

  test("hands out the oldest job first", async () => {
    const services = await queueWith(5);
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.push((await mustLease(services)).run_id);
    expect(ids).toEqual(ids.toSorted());
    expect(new Set(ids).size).toBe(5);
  });

  test("keeps a pinned job for its runner and refuses a pin to nobody", async () => {
    const services = await queueWith(0);
    await putRunner(services.db, { ...registration, name: "runner-2" }, services.now());
    await submitScan(services, { package: "axios", runner: "runner-2" });
    expect(await leaseJob(services, now, never)).toBeUndefined();
    expect((await leaseJob(services, { ...now, runner: "runner-2" }, never))?.version).toBe("1.1.0");
    expect(await codeOf(submitScan(services, { package: "axios", runner: "nobody" }))).toBe("not_found");
  });

  test("gives no job to a runner without its network mode, nor to one that never registered", async () => {
    const services = await queueWith(1);
    await putRunner(services.db, { ...registration, modes: ["none"] }, services.now());
    expect(await leaseJob(services, now, never)).toBeUndefined();
    expect(await codeOf(leaseJob(services, { ...now, runner: "stranger" }, never))).toBe("not_found");
  });

  test("wakes a waiting runner when a job arrives", async () => {
    const services = await queueWith(0);
    const waiting = leaseJob(services, { ...now, wait_ms: 25_000 }, never);
    await Bun.sleep(5);
    const scan = await submitScan(services, { package: "lodash" });
    expect((await waiting)?.run_id).toBe(scan.runs[0]!.id);
  });

  test("takes no job for a runner that hung up", async () => {
    const services = await queueWith(1);
    expect(await leaseJob(services, now, AbortSignal.abort())).toBeUndefined();
    expect(await leaseJob(services, now, never)).toBeDefined();
  });
});

describe("a lease", () => {
  test("is renewed by heartbeats, and the first one makes the run running", async () => {
    const services = await queueWith(1);
    const lease = await mustLease(services);
    expect(lease.expires_at).toBe(services.clock.now + 30_000);
    expect((await getRun(services.db, lease.run_id)).state).toBe("leased");
    for (let i = 0; i < 5; i++) {
      services.clock.now += 29_000;
      expect(await heartbeat(services, lease.run_id, lease.lease)).toBe(services.clock.now + 30_000);
      expect(await sweepExpired(services)).toBe(false);
    }
    expect((await getRun(services.db, lease.run_id)).state).toBe("running");
  });

  test("that is handed back while segments arrive leaves none of them to the next attempt", async () => {
    const services = await queueWith(1);
    for (let n = 0; n < 30; n++) {
      const lease = await mustLease(services);
      const sent = Array.from({ length: 6 }, (_, seq) => codeOf(receiveSegment(services, { ...upload(lease), seq })));
      await Bun.sleep(n % 3);
      await handBack(services, lease.run_id, lease.lease);
      const ends = new Set(await Promise.all(sent));
      ends.delete("lease_lost");
      expect([...ends].filter((end) => end !== "no error")).toEqual([]);
      expect((await segmentNumbers(services.db, lease.run_id)).numbers).toEqual([]);
    }
  });

  test("that expires gives the run back after 1 s, then 5 s, without what was uploaded, and fails it after the third", async () => {
    const services = await queueWith(1);
    const first = await mustLease(services);
    await receiveSegment(services, upload(first));
    for (const [attempt, delay] of [
      [2, 1000],
      [3, 5000],
    ] as const) {
      services.clock.now += 30_000;
      expect(await sweepExpired(services)).toBe(true);
      const run = await getRun(services.db, first.run_id);
      expect([run.state, run.attempt, run.runner]).toEqual(["queued", attempt, null]);
      expect((await segmentNumbers(services.db, first.run_id)).numbers).toEqual([]);
      services.clock.now += delay - 1;
      expect(await leaseJob(services, now, never)).toBeUndefined();
      services.clock.now += 1;
      const next = await mustLease(services);
      expect([next.run_id, next.attempt]).toEqual([first.run_id, attempt]);
      expect(next.lease).not.toBe(first.lease);
      await receiveSegment(services, upload(next));
    }
    services.clock.now += 30_000;
    await sweepExpired(services);
    const run = await getRun(services.db, first.run_id);
    expect([run.state, run.verdict]).toEqual(["failed", null]);
    expect(run.reason).toBe("No runner finished it in 3 attempts; the last was runner-1, which stopped answering.");
    services.clock.now += 60_000;
    expect(await leaseJob(services, now, never)).toBeUndefined();
  });

  test("that expired is noticed by the next runner that asks, without waiting for the sweep", async () => {
    const services = await queueWith(1);
    const first = await mustLease(services);
    services.clock.now += 30_000;
    expect(await leaseJob(services, now, never)).toBeUndefined();
    services.clock.now += 1000;
    expect((await mustLease(services)).run_id).toBe(first.run_id);
  });

  test("that is wrong, lost or of an ended run writes nothing", async () => {
    const services = await queueWith(1);
    const old = await mustLease(services);
    const refused = async (lease: string) => {
      expect(await codeOf(heartbeat(services, old.run_id, lease))).toBe("lease_lost");
      expect(await codeOf(receiveSegment(services, upload({ ...old, lease })))).toBe("lease_lost");
      expect((await segmentNumbers(services.db, old.run_id)).numbers).toEqual([]);
    };
    await refused(Bun.randomUUIDv7());
    services.clock.now += 30_000;
    await sweepExpired(services);
    await refused(old.lease);
    services.clock.now += 1000;
    const held = await mustLease(services);
    await refused(old.lease);
    await failRun(services, old.run_id, { actor: "me", reason: "stuck" });
    await refused(held.lease);
    expect((await getRun(services.db, old.run_id)).reason).toBe("stuck");
  });
});
