/** What a trace is to its users, wherever its bytes lie. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { startBucket, type TestBucket } from "../../stores/bucket.ts";
import {
  codeOf,
  completeRun,
  finishRun,
  leaseNext,
  leaseOne,
  result,
  segment,
  startTestServer,
  type TestServer,
} from "../support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

for (const place of ["database", "bucket"] as const) {
  describe(`a trace in the ${place}`, () => {
    let server: TestServer;
    let bucket: TestBucket | undefined;
    beforeAll(async () => {
      bucket = place === "bucket" ? await startBucket() : undefined;
      server = await startTestServer(bucket === undefined ? {} : { traces: bucket.options });
    });
    afterAll(async () => {
      await server[Symbol.asyncDispose]();
      await bucket?.[Symbol.asyncDispose]();
    });

    test("is stored once: the same segment again is fine, another one under its number is not", async () => {
      const lease = await leaseOne(server);
      const put = (bytes: Uint8Array<ArrayBuffer>) => server.runner.putSegment(lease.run_id, lease.lease, 0, bytes);
      expect(await put(segment(["/a", "/b"]))).toEqual({ events: 2, stored: true });
      expect(await put(segment(["/a", "/b"]))).toEqual({ events: 2, stored: false });
      expect(await codeOf(put(segment(["/c"])))).toBe("segment_mismatch");
      expect(await server.admin.traceSegment(lease.run_id, 0)).toEqual(segment(["/a", "/b"]));
      expect(await codeOf(server.admin.traceSegment(lease.run_id, 1))).toBe("not_found");
      await server.runner.handBack(lease.run_id, lease.lease);
      await finishRun(server, await leaseNext(server), []);
    });

    test("is analysed, listed, and judged again from what was stored, in the order of its numbers", async () => {
      const lease = await leaseOne(server, "axios");
      const paths = Array.from({ length: 20 }, (_, i) => `/opened/${i}`);
      for (const [seq, path] of paths.entries()) {
        await server.runner.putSegment(lease.run_id, lease.lease, seq, segment([path]));
      }
      const run = await server.runner.putResult(lease.run_id, lease.lease, result(20));
      expect([run.state, run.verdict, run.events]).toEqual(["done", "seeded", 20]);
      expect((await server.admin.events(run.id)).events.map(({ summary }) => summary)).toEqual(paths);
      expect((await server.admin.reanalyseRun(run.id, true)).added).toEqual([]);
    });

    test("of a run that was handed back never mixes with what the next runner uploads", async () => {
      const first = await leaseOne(server);
      await server.runner.putSegment(first.run_id, first.lease, 0, segment(["/first"]));
      await server.runner.handBack(first.run_id, first.lease);
      const run = await finishRun(server, await leaseNext(server), ["/second"]);
      expect(run.id).toBe(first.run_id);
      expect((await server.admin.events(run.id)).events.map(({ summary }) => summary)).toEqual(["/second"]);
    });

    test("of a deviant run is there beside its control run's", async () => {
      await completeRun(server, ["/known"], { package: "@types/node" });
      const run = await completeRun(server, ["/known", "/new"], { package: "@types/node", version: "1.1.0" });
      expect([run.verdict, run.deviations]).toEqual(["deviant", 1]);
      expect((await server.admin.events(run.id)).events).toHaveLength(2);
    });
  });
}
