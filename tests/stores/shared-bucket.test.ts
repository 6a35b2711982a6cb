/** Two orchestrators on one Postgres and one bucket. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { createClient } from "../../protocol/client.ts";
import { startBucket } from "./bucket.ts";
import { migratedDatabase, unavailable } from "./postgres.ts";
import { codeOf, leaseOne, result, segment, startTestServer } from "../server/support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

describe.skipIf(unavailable !== undefined)(
  `two orchestrators on one bucket${unavailable === undefined ? "" : ` (${unavailable})`}`,
  () => {
    test("never replace what the other one stored, however they are asked at once", async () => {
      await using database = await migratedDatabase();
      await using bucket = await startBucket();
      const options = { store: database.url, traces: bucket.options };
      await using one = await startTestServer(options);
      await using other = await startTestServer(options);
      const lease = await leaseOne(one);
      const put = (server: typeof one, seq: number, path: string) =>
        server.runner.putSegment(lease.run_id, lease.lease, seq, segment([path]));

      // The same bytes of one number: a runner that heard no answer asks the other server.
      const same = await Promise.all([put(one, 0, "/same"), put(other, 0, "/same"), put(one, 0, "/same")]);
      expect(same.filter(({ stored }) => stored)).toHaveLength(1);

      // Different bytes of one number: whoever comes first is what is read, and the other one is told.
      for (let seq = 1; seq < 8; seq++) {
        const both = await Promise.all([
          codeOf(put(one, seq, `/one/${seq}`)),
          codeOf(put(other, seq, `/other/${seq}`)),
        ]);
        expect(both.toSorted()).toEqual(["no error", "segment_mismatch"]);
        const winner = segment([both[0] === "no error" ? `/one/${seq}` : `/other/${seq}`]);
        for (const server of [one, other]) expect(await server.admin.traceSegment(lease.run_id, seq)).toEqual(winner);
      }
      const run = await other.runner.putResult(lease.run_id, lease.lease, result(8));
      expect([run.state, run.verdict, run.events]).toEqual(["done", "seeded", 8]);
      // The losers' objects: no row stands for them, and a sweep removes them when they are older.
      expect(await bucket.keys()).toHaveLength(15);
    });

    test("take traces away by one of them, and by the other when that one stops", async () => {
      await using database = await migratedDatabase();
      await using bucket = await startBucket();
      const options = {
        store: database.url,
        traces: bucket.options,
        retention: { days: 0, maxBytes: 1 },
        retainMs: 20,
      };
      const one = await startTestServer(options);
      await using other = await startTestServer(options);
      const done = async (server: Pick<typeof one, "admin" | "runner">): Promise<string> => {
        const lease = await leaseOne(server);
        await server.runner.putSegment(lease.run_id, lease.lease, 0, segment(["/a"]));
        return (await server.runner.putResult(lease.run_id, lease.lease, result(1))).id;
      };
      const gone = async (id: string): Promise<void> => {
        const until = performance.now() + 60_000;
        while ((await bucket.keys()).some((key) => key.includes(id)) && performance.now() < until) await Bun.sleep(20);
        expect((await other.admin.run(id)).trace_pruned_at).toBeNumber();
        expect((await bucket.keys()).filter((key) => key.includes(id))).toEqual([]);
      };
      await gone(await done(one));
      await one[Symbol.asyncDispose]();
      // The same runner, at the other server.
      const runner = createClient({ url: other.url, token: one.tokens.runner });
      await gone(await done({ admin: other.admin, runner }));
    });
  },
);
