import { expect, setDefaultTimeout, test } from "bun:test";
import { type Fence, type LeaderWork, runAsLeader } from "../../server/leader.ts";
import { confirmLead, keepLead, leaveLead, takeLead } from "../../server/store/leaders.ts";
import { codeOf, testServices } from "./support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

/** Orchestrators on one store, each of which can be stopped by itself. */
async function orchestrators(count: number) {
  const { db } = await testServices();
  return Array.from({ length: count }, () => {
    const stop = new AbortController();
    return { db, stopping: stop.signal, stop: () => stop.abort() };
  });
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener("abort", () => resolve())));

test("one of many leads, and the next one when it stops, without waiting for its lease to end", async () => {
  const all = await orchestrators(4);
  const leading = new Set<number>();
  const led: number[] = [];
  const changed: (() => void)[] = [];
  const tasks = all.map((one, index) =>
    // The lease would last an hour: only giving it back lets the next one in.
    runAsLeader(
      one,
      "watch",
      async (signal) => {
        leading.add(index);
        led.push(index);
        expect([...leading]).toEqual([index]);
        for (const resolve of changed.splice(0)) resolve();
        await aborted(signal);
        leading.delete(index);
      },
      { ttlMs: 3_600_000, renewMs: 10, retryMs: 5 },
    ),
  );
  for (let turn = 0; turn < 4; turn++) {
    if (led.length === turn) await new Promise<void>((resolve) => changed.push(resolve));
    all[led.at(-1)!]!.stop();
  }
  await Promise.all(tasks);
  expect(led.toSorted()).toEqual([0, 1, 2, 3]);
});

test("other tasks have other leaders", async () => {
  const [one] = await orchestrators(1);
  const both = Promise.withResolvers<void>();
  const begun: string[] = [];
  const work =
    (name: string): LeaderWork =>
    async (signal) => {
      if (begun.push(name) === 2) both.resolve();
      await aborted(signal);
    };
  const tasks = ["watch", "retention"].map((name) => runAsLeader(one!, name, work(name)));
  await both.promise;
  one!.stop();
  await Promise.all(tasks);
  expect(begun.toSorted()).toEqual(["retention", "watch"]);
});

test("work that throws is begun again", async () => {
  const [one] = await orchestrators(1);
  let begun = 0;
  await runAsLeader(
    one!,
    "watch",
    async () => {
      begun += 1;
      if (begun < 3) throw new Error("this is logged");
      one!.stop();
    },
    { ttlMs: 60_000, renewMs: 1000, retryMs: 1 },
  );
  expect(begun).toBe(3);
});

test("a leader that hung is told to stop, and nothing that it writes afterwards goes through", async () => {
  const [hung, other] = await orchestrators(2);
  const fences: Fence[] = [];
  const stopped = Promise.withResolvers<void>();
  const task = runAsLeader(
    hung!,
    "watch",
    async (signal, fence) => {
      fences.push(fence);
      await hung!.db.transaction(fence);
      // As if this process had hung: the lease ends, and another orchestrator takes over.
      await other!.db.query.updateTable("leader").set({ expires_at: 1 }).execute();
      expect(await takeLead(other!.db, { name: "watch", holder: "other", ttlMs: 60_000 })).toMatchObject({ epoch: 2 });
      const late = hung!.db.transaction(async (db) => {
        await fence(db);
        await db.query.deleteFrom("package").execute();
      });
      expect(await codeOf(late)).toBe("lead_lost");
      await aborted(signal);
      hung!.stop();
      stopped.resolve();
    },
    { ttlMs: 3_600_000, renewMs: 20, retryMs: 5 },
  );
  await stopped.promise;
  await task;
  expect(fences).toHaveLength(1);
  // The late end of the old leader takes nothing from the new one.
  expect(await takeLead(hung!.db, { name: "watch", holder: "third", ttlMs: 1 })).toBeUndefined();
});

test("a lease is of one holder and one term: by the database's clock, and gone once it is given back", async () => {
  const { db } = await testServices();
  const first = await takeLead(db, { name: "watch", holder: "a", ttlMs: 60_000 });
  expect(first).toEqual({ name: "watch", holder: "a", epoch: 1 });
  expect(await takeLead(db, { name: "watch", holder: "a", ttlMs: 60_000 })).toBeUndefined();
  expect([await keepLead(db, first!, 60_000), await confirmLead(db, first!)]).toEqual([true, true]);
  expect(await keepLead(db, { ...first!, holder: "b" }, 60_000)).toBe(false);
  const { expires_at } = await db.query.selectFrom("leader").selectAll().executeTakeFirstOrThrow();
  expect(Math.abs(expires_at - 60_000 - Date.now())).toBeLessThan(10_000);
  await leaveLead(db, first!);
  expect([await keepLead(db, first!, 60_000), await confirmLead(db, first!)]).toEqual([false, false]);
  const second = await takeLead(db, { name: "watch", holder: "a", ttlMs: 60_000 });
  expect(second?.epoch).toBe(2);
  await leaveLead(db, first!);
  expect(await confirmLead(db, second!)).toBe(true);
});
