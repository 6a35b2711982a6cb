/** The host's clock is set, back and forth, while runs are leased: nothing is doubled, nothing is lost. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { settleClock, watchClock } from "../../server/clock.ts";
import { acceptResult } from "../../server/finish.ts";
import { createGate } from "../../server/gate.ts";
import { receiveSegment } from "../../server/ingest.ts";
import { heartbeat, leaseJob, sweepExpired } from "../../server/queue.ts";
import { takeLead } from "../../server/store/leaders.ts";
import { putRunner } from "../../server/store/runners.ts";
import { getRun } from "../../server/store/runs.ts";
import { submitScan } from "../../server/submit.ts";
import { codeOf, registration, result, segment, testServices } from "../server/support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

const HOUR = 3_600_000;
const never = new AbortController().signal;
const request = { runner: registration.name, wait_ms: 0 };

/** Services with a clock that can be set, beside one that cannot; time passes on both. */
async function place() {
  const steady = { now: 5_000_000 };
  const wall = { now: 1_750_000_000_000 };
  const services = await testServices({
    now: () => wall.now,
    clockWatch: watchClock(
      () => wall.now,
      () => steady.now,
    ),
  });
  await putRunner(services.db, registration, wall.now);
  return {
    services,
    pass(ms: number): void {
      steady.now += ms;
      wall.now += ms;
    },
    set(ms: number): void {
      wall.now += ms;
    },
    async lease() {
      return leaseJob(services, request, never);
    },
    [Symbol.asyncDispose]: () => services.db.close(),
  };
}

async function upload(services: Awaited<ReturnType<typeof place>>["services"], run: { run_id: string; lease: string }) {
  const compressed = segment(["/a"]);
  const sha256 = new Bun.CryptoHasher("sha256").update(compressed).digest("hex");
  await receiveSegment(services, { runId: run.run_id, lease: run.lease, seq: 0, sha256, compressed });
}

describe.each([
  ["forward by an hour", HOUR],
  ["back by an hour", -HOUR],
  ["forward by ten years", 10 * 365 * 24 * HOUR],
  ["back by ten years", -10 * 365 * 24 * HOUR],
])("a clock that is set %s", (_, jump) => {
  test("takes no lease from a runner that lives, and gives nobody else its run", async () => {
    await using here = await place();
    const { services } = here;
    await submitScan(services, { package: "lodash", version: "1.0.0" });
    const lease = (await here.lease())!;
    here.pass(20_000);
    await heartbeat(services, lease.run_id, lease.lease);
    here.pass(5000);
    here.set(jump);
    // Whoever looks first: the sweep, and another runner that asks, at the same time.
    const [swept, other] = await Promise.all([sweepExpired(services), here.lease(), sweepExpired(services)]);
    expect([swept, other]).toEqual([false, undefined]);
    here.pass(9000);
    await heartbeat(services, lease.run_id, lease.lease);
    await upload(services, lease);
    const run = await acceptResult(services, lease.run_id, lease.lease, result(1));
    expect([run.verdict, run.attempt]).toEqual(["seeded", 1]);
  });

  test("keeps a dead runner's run from waiting: it goes back after one lease, to one other only", async () => {
    await using here = await place();
    const { services } = here;
    await submitScan(services, { package: "lodash", version: "1.0.0" });
    const dead = (await here.lease())!;
    here.pass(10_000);
    here.set(jump);
    expect(await sweepExpired(services)).toBe(false);
    here.pass(29_999);
    expect(await sweepExpired(services)).toBe(false);
    here.pass(1);
    expect(await sweepExpired(services)).toBe(true);
    here.pass(1000);
    const [first, second] = [await here.lease(), await here.lease()];
    expect([first?.run_id, first?.attempt, second]).toEqual([dead.run_id, 2, undefined]);
    expect(await codeOf(heartbeat(services, dead.run_id, dead.lease))).toBe("lease_lost");
  });

  test("keeps no job from being taken that waits, at once or after its pause", async () => {
    await using here = await place();
    const { services } = here;
    const { runs } = await submitScan(services, { package: "lodash", version: "1.0.0" });
    here.set(jump);
    const lease = await here.lease();
    expect(lease?.run_id).toBe(runs[0]!.id);
    here.pass(30_000);
    await sweepExpired(services); // it pauses for a second
    here.set(jump);
    await settleClock(services);
    here.pass(1000);
    expect((await here.lease())?.attempt).toBe(2);
  });
});

test("a clock that is set again and again leaves one attempt", async () => {
  await using here = await place();
  const { services } = here;
  await submitScan(services, { package: "lodash", version: "1.0.0" });
  const lease = (await here.lease())!;
  for (let round = 0; round < 50; round++) {
    here.pass(10_000);
    here.set(round % 2 === 0 ? HOUR : -HOUR);
    if (round % 3 === 0) await sweepExpired(services);
    await heartbeat(services, lease.run_id, lease.lease);
  }
  expect(await getRun(services.db, lease.run_id)).toMatchObject({ state: "running", attempt: 1 });
});

test("deadlines are moved again where the database failed at it, and not twice where it did not", async () => {
  const wall = { now: 0 };
  const watch = watchClock(
    () => wall.now,
    () => 0,
  );
  const moved: number[] = [];
  let fails = true;
  const settle = () =>
    watch.settle(async (ms) => {
      if (fails) throw new Error("no database");
      moved.push(ms);
    });
  wall.now = HOUR;
  expect(settle()).rejects.toThrow("no database");
  await Bun.sleep(0);
  fails = false;
  await Promise.all([settle(), settle(), settle()]);
  await settle();
  expect(moved).toEqual([HOUR]);
});

test("time that passes, however much at once, and a slow drift are no jump", async () => {
  await using here = await place();
  const { services } = here;
  await submitScan(services, { package: "lodash", version: "1.0.0" });
  await here.lease();
  for (let second = 0; second < 20; second++) {
    here.pass(1000);
    here.set(1); // a thousandth, far more than synchronisation smooths away
    expect(await sweepExpired(services)).toBe(false);
  }
  // The process was stopped for a minute: the lease is over.
  here.pass(60_000);
  expect(await sweepExpired(services)).toBe(true);
});

test("a lead taken before the clock went back is not waited for until it is there again", async () => {
  await using here = await place();
  const { db } = here.services;
  const lead = { name: "watcher", ttlMs: 6000 };
  expect(await takeLead(db, { ...lead, holder: "dead" })).toBeDefined();
  expect(await takeLead(db, { ...lead, holder: "next" })).toBeUndefined();
  await db.query
    .updateTable("leader")
    .set((eb) => ({ expires_at: eb("expires_at", "+", HOUR) }))
    .execute();
  expect(await takeLead(db, { ...lead, holder: "next" })).toBeDefined();
});

test("nobody is refused for an hour because the clock went back by one", async () => {
  await using here = await place();
  const { services } = here;
  const gate = createGate(services.db, services.now, 1);
  const request = new Request("http://localhost/v1/runs");
  gate.address(request);
  here.set(-HOUR);
  gate.address(request);
});
