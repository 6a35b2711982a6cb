import { describe, expect, test } from "bun:test";
import type { Lease } from "../../protocol/models.ts";
import { FangsError } from "../../protocol/errors.ts";
import { scan } from "../../runner/scan.ts";
import { openSensor } from "../../runner/sensor/sensor.ts";
import { noSandbox, openTestHost, quiet } from "./sandbox/support.ts";

function leaseOf(name: string): Lease {
  return {
    lease: "lease",
    run_id: crypto.randomUUID(),
    package: name,
    version: "1.0.0",
    network: "registry",
    attempt: 1,
    before: null,
    expires_at: 0,
  };
}

describe.skipIf(noSandbox !== null)("a scan", () => {
  test("that was given up before it began runs nothing", async () => {
    await using test = await openTestHost([quiet()]);
    using sensor = await openSensor();
    const lost = new FangsError("lease_lost", "The lease is gone.");
    const result = await scan({
      host: test.host,
      sensor,
      lease: leaseOf("quiet"),
      onSegment() {},
      signal: AbortSignal.abort(lost),
    });
    expect([result.status, result.reason, result.phases]).toEqual(["failed", lost.message, []]);
  }, 120_000);

  test("counts the segments it handed out though the sensor is gone at its end", async () => {
    const busy = 'for (let i = 0; i < 9000; i++) try { require("fs").openSync(`/missing/${i}`) } catch {}';
    await using test = await openTestHost([quiet("quiet", "1.0.0", busy)]);
    const sensor = await openSensor();
    const seen: number[] = [];
    const result = await scan({
      host: test.host,
      sensor,
      lease: leaseOf("quiet"),
      onSegment: (_, seq) => {
        seen.push(seq);
        sensor[Symbol.dispose]();
      },
      signal: new AbortController().signal,
    });
    expect(seen.length).toBeGreaterThan(0);
    expect([result.status, result.segments]).toEqual(["failed", seen.length]);
    expect(result.reason).toContain("sensor");
  }, 120_000);
});
