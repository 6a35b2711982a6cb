import { expect, test } from "bun:test";
import { watchScan } from "../../cli/watch.ts";
import { FangsError } from "../../protocol/errors.ts";
import type { Scan } from "../../protocol/models.ts";
import { aRun, aScan } from "./support.ts";

const WAITING = aScan();
const ENDED = aScan(aRun());
const down = new FangsError("server_unreachable", "It is down.");

function answers(...looks: (Scan | FangsError)[]): { scan: (id: string) => Promise<Scan> } {
  return {
    scan: async () => {
      const look = looks.shift();
      if (look === undefined) throw new Error("looked too often");
      if (look instanceof FangsError) throw look;
      return look;
    },
  };
}

function options(interrupted: AbortSignal = new AbortController().signal) {
  return { terminal: { err: () => {}, interrupted }, timeoutMs: 60_000 };
}

test("a server that is down for a moment is waited for", async () => {
  expect((await watchScan(answers(down, down, ENDED), WAITING, options())).state).toBe("done");
});

test("a server that stays down is an error", async () => {
  const watch = watchScan(answers(down, down), WAITING, { ...options(), patienceMs: 0 });
  await expect(watch).rejects.toBe(down);
});

test("any other error ends it at once", async () => {
  const gone = new FangsError("not_found", "There is no such scan.");
  await expect(watchScan(answers(gone), WAITING, options())).rejects.toBe(gone);
});

test("the newest run of a scan is the one that counts", async () => {
  const failed = aRun({ state: "failed", verdict: null });
  const again = aRun({ state: "queued", verdict: null });
  const run = await watchScan(answers(aScan(failed, again), aScan(failed, aRun())), WAITING, options());
  expect(run.state).toBe("done");
});

test("an interruption ends it", async () => {
  const interruption = new AbortController();
  interruption.abort();
  await expect(watchScan(answers(), WAITING, options(interruption.signal))).rejects.toBe(interruption.signal.reason);
});
