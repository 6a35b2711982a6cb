import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { unavailable } from "../stores/postgres.ts";
import { runChaos } from "./chaos.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(300_000);

describe.skipIf(unavailable !== undefined)(
  "two orchestrators, three runners and a Postgres that are killed, hung and cut off",
  () => {
    test("lose no scan, double no verdict, make no wrong baseline and leave no orphan", async () => {
      const report = await runChaos({ scans: 20, packages: 2, seed: 7, pauseMs: 800, limitMs: 240_000 });
      expect(report.findings).toEqual({ lost: [], doubled: [], wrong: [], orphans: [] });
      expect(report.taken).toBe(20);
      expect(Object.keys(report.harms).length).toBeGreaterThan(0);
    });
  },
);
