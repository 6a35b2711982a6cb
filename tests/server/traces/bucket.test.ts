/** What only a bucket can do to a trace: fail, refuse, lose and alter. */
import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { configureLog } from "../../../log/log.ts";
import { type BucketOptions, openBucket } from "../../../server/traces/bucket.ts";
import { COMPRESSED_LIMIT } from "../../../server/segment.ts";
import { startBucket, type TestBucket } from "../../stores/bucket.ts";
import { codeOf, completeRun, finishRun, leaseNext, leaseOne, result, segment, startTestServer } from "../support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

let bucket: TestBucket;
beforeAll(async () => {
  bucket = await startBucket();
});
afterAll(() => bucket[Symbol.asyncDispose]());

let logged: string[] = [];
beforeEach(() => {
  logged = [];
  configureLog({ level: "error", write: (line) => void logged.push(line) });
});
afterAll(() => configureLog({ level: "error", write: (line) => void process.stderr.write(line) }));

const refused = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "no error",
    (thrown: unknown) => `${thrown} ${Bun.inspect(thrown)}`,
  );

describe("a bucket", () => {
  test("has the segment under its run, number and digest before a row stands for it, and the row has no bytes", async () => {
    await using server = await startTestServer({ traces: bucket.options });
    const lease = await leaseOne(server);
    const bytes = segment(["/a"]);
    const sha256 = new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
    await server.runner.putSegment(lease.run_id, lease.lease, 0, bytes);
    expect(await bucket.keys()).toContain(`fangs/test/${lease.run_id}/0-${sha256}`);
    expect(await bucket.client.file(`fangs/test/${lease.run_id}/0-${sha256}`).bytes()).toEqual(bytes);
  });

  test("that a server gets later leaves what is in the database readable", async () => {
    const before = await startTestServer();
    const { folder } = before;
    const run = await completeRun(before, ["/old"]);
    await before.stop();
    await using server = await startTestServer({ dataDir: folder, traces: bucket.options });
    expect((await server.admin.events(run.id)).events.map(({ summary }) => summary)).toEqual(["/old"]);
    const next = await completeRun(server, ["/old"], { version: "1.1.0" });
    expect(next.verdict).toBe("clean");
    await server.stop();
    // And one without it says what it lacks.
    await using without = await startTestServer({ dataDir: folder });
    expect(await codeOf(without.admin.events(next.id))).toBe("bucket_unavailable");
    await before[Symbol.asyncDispose]();
  });

  test("that lost an object is told as such, and no run that needs it is called clean", async () => {
    await using server = await startTestServer({ traces: bucket.options, freshBytes: 0 });
    await completeRun(server, ["/a"]);
    const lease = await leaseOne(server, "lodash", "1.1.0");
    await server.runner.putSegment(lease.run_id, lease.lease, 0, segment(["/a"]));
    for (const key of await bucket.keys()) if (key.includes(lease.run_id)) await bucket.client.delete(key);
    const run = await server.runner.putResult(lease.run_id, lease.lease, result(1));
    expect([run.state, run.verdict]).toEqual(["failed", null]);
    expect(run.reason).toContain(`The bucket has no segment 0 of the run ${run.id}`);
    expect(await codeOf(server.admin.events(run.id))).toBe("trace_missing");
  });

  test("whose object was altered is found out, and the bytes are not used", async () => {
    await using server = await startTestServer({ traces: bucket.options });
    const run = await completeRun(server, ["/a"]);
    const key = (await bucket.keys()).find((one) => one.includes(run.id))!;
    // Far too much, and as much as before.
    for (const bytes of [new Uint8Array(20_000_000), segment(["/b"])]) {
      await bucket.client.write(key, bytes);
      expect(await codeOf(server.admin.events(run.id))).toBe("trace_corrupt");
    }
    expect(await codeOf(server.admin.traceSegment(run.id, 0))).toBe("trace_corrupt");
    expect(await codeOf(server.admin.reanalyseRun(run.id, true))).toBe("trace_corrupt");
  });
});

test("an object that was emptied is no bucket that is down: S3 has no first bytes to give", async () => {
  using server = Bun.serve({
    port: 0,
    fetch: () => new Response("<Error><Code>InvalidRange</Code><Message>none</Message></Error>", { status: 416 }),
  });
  const emptied = openBucket({ ...bucket.options, endpoint: `http://127.0.0.1:${server.port}` });
  expect(await codeOf(emptied.get({ run_id: "r", seq: 0, sha256: "0".repeat(64) }))).toBe("trace_corrupt");
});

test("no more of an object is read than a segment may have", async () => {
  const asked: (string | null)[] = [];
  using server = Bun.serve({
    port: 0,
    fetch(request) {
      asked.push(request.headers.get("range"));
      return new Response("x", { status: 206 });
    },
  });
  const watched = openBucket({ ...bucket.options, endpoint: `http://127.0.0.1:${server.port}` });
  expect(await codeOf(watched.get({ run_id: "r", seq: 0, sha256: "0".repeat(64) }))).toBe("trace_corrupt");
  expect(asked).toEqual([`bytes=0-${COMPRESSED_LIMIT}`]);
});

describe("a bucket that is down", () => {
  test("holds up no verdict of a run whose trace was just taken in here", async () => {
    await using server = await startTestServer({ traces: bucket.options });
    const lease = await leaseOne(server);
    await server.runner.putSegment(lease.run_id, lease.lease, 0, segment(["/a"]));
    await bucket.kill();
    const run = await server.runner.putResult(lease.run_id, lease.lease, result(1));
    expect([run.state, run.verdict]).toEqual(["done", "seeded"]);
    await bucket.restart();
  });

  test("has the runner send again, and the run go on as if nothing had been", async () => {
    await using server = await startTestServer({ traces: bucket.options, sweepMs: 50, freshBytes: 0 });
    const lease = await leaseOne(server);
    await server.runner.putSegment(lease.run_id, lease.lease, 0, segment(["/a"]));
    await bucket.kill();
    const second = () => server.runner.putSegment(lease.run_id, lease.lease, 1, segment(["/b"]));
    expect(await codeOf(second())).toBe("bucket_unavailable");
    await bucket.restart();
    expect(await second()).toEqual({ events: 1, stored: true });

    // Down again when the run ends: its verdict waits for the bucket, and comes without anybody asking.
    await bucket.kill();
    expect(await codeOf(server.runner.putResult(lease.run_id, lease.lease, result(2)))).toBe("bucket_unavailable");
    expect((await server.admin.run(lease.run_id)).state).toBe("analysing");
    await bucket.restart();
    const until = performance.now() + 60_000;
    while ((await server.admin.run(lease.run_id)).state === "analysing" && performance.now() < until)
      await Bun.sleep(20);
    // It is waited for, and no defect.
    expect(logged.join("")).toContain("The bucket traces does not answer");
    expect(logged.join("")).not.toContain("a defect in fangs");
    const run = await server.runner.putResult(lease.run_id, lease.lease, result(2));
    expect([run.state, run.verdict, run.events]).toEqual(["done", "seeded", 2]);
  });

  test("does not keep a server from starting, nor its other work from being done", async () => {
    await bucket.kill();
    await using server = await startTestServer({ traces: bucket.options });
    expect(logged.join("")).toContain("The bucket traces does not answer as it should: ConnectionRefused.");
    await server.admin.submitScan({ package: "lodash", version: "1.0.0" });
    expect((await server.admin.runs({})).runs).toHaveLength(1);
    await bucket.restart();
    expect((await finishRun(server, await leaseNext(server), ["/a"])).verdict).toBe("seeded");
  });

  test("in the middle of an answer leaves nothing half stored", async () => {
    let cut = 0;
    const listener = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        data(socket) {
          cut++;
          socket.terminate();
        },
      },
    });
    const options: BucketOptions = { ...bucket.options, endpoint: `http://127.0.0.1:${listener.port}` };
    await using server = await startTestServer({ traces: options });
    const lease = await leaseOne(server);
    const work = server.runner.putSegment(lease.run_id, lease.lease, 0, segment(["/a"]));
    expect(await codeOf(work)).toBe("bucket_unavailable");
    expect(cut).toBeGreaterThan(0);
    expect(await codeOf(server.admin.traceSegment(lease.run_id, 0))).toBe("not_found");
    listener.stop(true);
  });

  test("by hanging is given up after its deadline", async () => {
    const hanging = openBucket(bucket.options, undefined, 300);
    const bytes = segment(["/a"]);
    const sha256 = new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
    bucket.pause();
    const said = await refused(hanging.put({ run_id: "r", seq: 0, sha256, bytes }));
    bucket.resume();
    expect(said).toContain("The bucket traces does not answer as it should: no answer within 0.3 s.");
    expect(await hanging.put({ run_id: "r", seq: 0, sha256, bytes })).toBeNull();
  });
});

describe("a bucket that refuses", () => {
  const wrong: [string, Partial<BucketOptions>, string][] = [
    ["the key", { credentials: { accessKeyId: "NOBODY", secretAccessKey: "hushhush" } }, "InvalidAccessKeyId"],
    ["the bucket's name", { bucket: "another" }, "NoSuchBucket"],
  ];
  for (const [what, change, code] of wrong) {
    test(`for ${what} keeps a server from starting, and says why without a secret`, async () => {
      const said = await refused(startTestServer({ traces: { ...bucket.options, ...change } }));
      expect(said).toContain(`refuses: ${code}.`);
      expect(said + logged.join("")).not.toContain("hushhush");
    });
  }

  test("later, for a secret that was changed, loses nothing, and tells no secret", async () => {
    const options = { ...bucket.options, credentials: { accessKeyId: "S3RVER", secretAccessKey: "hushhush" } };
    await using server = await startTestServer({ traces: options });
    const lease = await leaseOne(server);
    const said = await refused(server.runner.putSegment(lease.run_id, lease.lease, 0, segment(["/a"])));
    expect(said).toContain("The bucket traces refuses: SignatureDoesNotMatch.");
    expect(said + logged.join("")).not.toContain("hushhush");
    expect((await server.admin.run(lease.run_id)).state).toBe("leased");
  });
});
