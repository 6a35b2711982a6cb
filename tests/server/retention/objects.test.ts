/** Objects of a bucket that no row stands for: which are removed, and which never are. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { sweep } from "../../../server/retention/sweep.ts";
import type { Services } from "../../../server/services.ts";
import { receiveSegment } from "../../../server/ingest.ts";
import { deleteSegments } from "../../../server/store/traces.ts";
import { eraseRun } from "../../../server/store/run-removal.ts";
import { openBucket } from "../../../server/traces/bucket.ts";
import { startBucket, type TestBucket } from "../../stores/bucket.ts";
import { codeOf, segment, testServices } from "../support.ts";
import { makeRun, type Made, tracesOf } from "./runs.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const going = new AbortController().signal;
const leads = async (): Promise<void> => {};

let bucket: TestBucket;
beforeAll(async () => {
  bucket = await startBucket();
});
afterAll(() => bucket[Symbol.asyncDispose]());

/** A server's operations on this bucket, two days from now; its prefix is its own. */
async function servicesOf(prefix: string) {
  const options = { ...bucket.options, prefix };
  const clock = { now: Date.now() + 2 * DAY };
  const services = await testServices({
    traces: openBucket(options),
    retention: { days: 90, maxBytes: 0 },
    now: () => clock.now,
  });
  const keys = async (): Promise<string[]> =>
    ((await bucket.client.list({ prefix: `${prefix}/` })).contents ?? []).map(({ key }) => key.split("/").at(-2)!);
  return { ...services, clock, keys };
}

/** A run, and an object of it; with its row unless that is left out. */
async function runWithObject(
  { db, traces }: Pick<Services, "db" | "traces">,
  made: Made,
  hasRow = true,
): Promise<string> {
  const run_id = await makeRun(db, { ...made, segments: [] });
  const bytes = segment([`/of/${run_id}`]);
  const sha256 = new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
  const data = await traces.put({ run_id, seq: 0, sha256, bytes });
  if (hasRow) {
    await db.query
      .insertInto("trace_segment")
      .values({ run_id, seq: 0, sha256, events: 1, size: bytes.length, data })
      .execute();
    await db.query.updateTable("run").set({ trace_bytes: bytes.length }).where("id", "=", run_id).execute();
  }
  return run_id;
}

describe("a sweep of a bucket", () => {
  test("removes the objects of traces that are too old, of runs that were deleted, and keeps the others", async () => {
    const services = await servicesOf("old");
    const { db, clock, keys } = services;
    const old = await runWithObject(services, { ended: clock.now - 91 * DAY });
    const deleted = await runWithObject(services, { ended: clock.now - DAY });
    const kept = await runWithObject(services, { ended: clock.now - DAY });
    await eraseRun(db, { id: deleted, scan_id: deleted, package: "lodash" });
    expect((await keys()).sort()).toEqual([old, deleted, kept].sort());
    await sweep(services, going, leads);
    expect(await keys()).toEqual([kept]);
    expect(await tracesOf(db, [old])).toEqual([[0, 0, true]]);
    expect(await db.query.selectFrom("trace_leftover").selectAll().execute()).toEqual([]);
  });

  test("removes what a crash left between an object and its row, once its run has ended", async () => {
    const services = await servicesOf("crash");
    const { db, clock, keys } = services;
    const ended = await runWithObject(services, { ended: clock.now - DAY }, false);
    const running = await runWithObject(services, { ended: clock.now, state: "running" }, false);
    await sweep(services, going, leads);
    expect(await keys()).toEqual([running]);
    await db.query.updateTable("run").set({ state: "failed" }).where("id", "=", running).execute();
    // All of a bucket is looked through once a day.
    await sweep(services, going, leads);
    expect(await keys()).toEqual([running]);
    clock.now += DAY;
    await sweep(services, going, leads);
    expect(await keys()).toEqual([]);
    expect(ended).not.toBe(running);
  });

  test("never removes one that was written within the hour, or of a run that this database does not know", async () => {
    const services = await servicesOf("young");
    const { db, clock, keys, traces } = services;
    clock.now -= 2 * DAY - HOUR / 2;
    const young = await runWithObject(services, { ended: clock.now }, false);
    const foreign = Bun.randomUUIDv7();
    const bytes = segment(["/theirs"]);
    const sha256 = new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
    await traces.put({ run_id: foreign, seq: 0, sha256, bytes });
    await bucket.client.write("young/notes/readme.txt", "not ours");
    await sweep(services, going, leads);
    expect((await keys()).sort()).toEqual([young, foreign, "notes"].sort());
    clock.now += 2 * DAY;
    await sweep(services, going, leads);
    expect((await keys()).sort()).toEqual([foreign, "notes"].sort());
    expect(await db.query.selectFrom("sweep").select("after").where("name", "=", "orphans").execute()).toEqual([
      { after: null },
    ]);
  });

  test("leaves a run that is done again what it uploads, and takes what its first attempt left when it has ended", async () => {
    const services = await servicesOf("again");
    const { db, clock, keys } = services;
    const run = await runWithObject(services, { ended: clock.now, state: "running" });
    await deleteSegments(db, run);
    await db.query.updateTable("run").set({ lease: "second" }).where("id", "=", run).execute();
    // The second attempt uploads the very same first segment, and another one.
    for (const [seq, compressed] of [segment([`/of/${run}`]), segment(["/more"])].entries()) {
      const sha256 = new Bun.CryptoHasher("sha256").update(compressed).digest("hex");
      await receiveSegment(services, { runId: run, lease: "second", seq, sha256, compressed });
      await sweep(services, going, leads);
    }
    expect(await keys()).toEqual([run, run]);
    const lost = segment(["/lost"]);
    const sha256 = new Bun.CryptoHasher("sha256").update(lost).digest("hex");
    await services.traces.put({ run_id: run, seq: 7, sha256, bytes: lost });
    await db.query.updateTable("run").set({ state: "done" }).where("id", "=", run).execute();
    await sweep(services, going, leads);
    expect(await keys()).toEqual([run, run]);
    expect(await db.query.selectFrom("trace_leftover").selectAll().execute()).toEqual([]);
  });

  test("that finds the bucket down takes the rows, and the objects when it is back", async () => {
    const services = await servicesOf("down");
    const { db, clock, keys } = services;
    const old = await runWithObject(services, { ended: clock.now - 91 * DAY });
    await bucket.kill();
    expect(await codeOf(sweep(services, going, leads))).toBe("bucket_unavailable");
    expect(await tracesOf(db, [old])).toEqual([[0, 0, true]]);
    await bucket.restart();
    expect(await keys()).toEqual([old]);
    await sweep(services, going, leads);
    expect(await keys()).toEqual([]);
  });
});
