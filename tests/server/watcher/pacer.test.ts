import { expect, test } from "bun:test";
import { createHolds } from "../../../server/watcher/holds.ts";
import { createPacer } from "../../../server/watcher/pacer.ts";

test("turns are never closer than the rate allows, not even after a pause", async () => {
  const pace = createPacer(100, new AbortController().signal);
  const turns: number[] = [];
  const take = async () => {
    await pace();
    turns.push(performance.now());
  };
  await Promise.all(Array.from({ length: 10 }, take));
  await Bun.sleep(100);
  await Promise.all(Array.from({ length: 10 }, take));
  const span = turns.at(-1)! - turns[10]!;
  // A turn may be told late, never early: ten of them take nine gaps but for what the first was late.
  expect(turns.at(-1)! - turns[0]!).toBeGreaterThan(100 + 18 * 9);
  expect(span).toBeGreaterThan(0);
  expect(turns).toEqual(turns.toSorted((a, b) => a - b));
});

test("a registry in trouble is left alone twice as long each time, up to five minutes, and for as long as it asks", () => {
  let now = 0;
  const holds = createHolds(() => now);
  const waits: number[] = [];
  for (let i = 0; i < 11; i++) {
    holds.trouble("a", now, null);
    // What was under way when it was held tells nothing new.
    holds.trouble("a", now, null);
    waits.push(holds.until("a") - now);
    now = holds.until("a");
  }
  expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300].map((seconds) => seconds * 1000));
  expect(holds.until("b")).toBe(0);
  holds.fine("a");
  expect(holds.until("a")).toBe(0);
  holds.trouble("a", now, 90_000);
  expect(holds.until("a") - now).toBe(90_000);
  holds.trouble("a", now, 120_000);
  expect(holds.until("a") - now).toBe(120_000);
});

test("nobody waits for a turn after the end", async () => {
  const end = new AbortController();
  const pace = createPacer(0.01, end.signal);
  await pace();
  const waiting = [pace(), pace()].map((turn) =>
    turn.then(
      () => "came",
      () => "ended",
    ),
  );
  end.abort();
  expect(await Promise.all(waiting)).toEqual(["ended", "ended"]);
});
