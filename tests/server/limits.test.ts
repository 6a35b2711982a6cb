import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { addressKey, createLimiter } from "../../server/limits.ts";

describe("a limiter", () => {
  test("lets a burst through, then one at a time as the rate says, for each key alone", () => {
    let now = 1_000_000;
    const limiter = createLimiter({ perSecond: 2, burst: 3 }, () => now);
    expect([1, 2, 3].map(() => limiter.take("a"))).toEqual([0, 0, 0]);
    expect(limiter.take("a")).toBe(500);
    expect(limiter.take("b")).toBe(0);
    now += 499;
    expect(limiter.take("a")).toBe(1);
    now += 1;
    expect([limiter.take("a"), limiter.take("a")]).toEqual([0, 500]);
    now += 60_000;
    expect([1, 2, 3, 4].map(() => limiter.take("a"))).toEqual([0, 0, 0, 500]);
  });

  test("never lets more through than burst + rate × time, whatever comes when", () => {
    const arrivals = fc.array(fc.nat(400), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(arrivals, fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 50 }), (gaps, rate, burst) => {
        let now = 0;
        let taken = 0;
        const limiter = createLimiter({ perSecond: rate, burst }, () => now);
        for (const gap of gaps) {
          now += gap;
          const wait = limiter.take("k");
          if (wait === 0) taken++;
          expect(taken).toBeLessThanOrEqual(burst + (now * rate) / 1000 + 1e-3);
          // Who waits as long as he is told is let through.
          if (wait > 0) {
            now += Math.ceil(wait);
            expect(limiter.take("k")).toBe(0);
            taken++;
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  test("remembers a bounded number of keys, and forgets the one that was quiet longest", () => {
    const limiter = createLimiter({ perSecond: 1, burst: 1 }, () => 0, 100);
    for (let i = 0; i < 10_000; i++) limiter.take(`key-${i}`);
    expect(limiter.size).toBe(100);
    expect(limiter.take("key-9999")).toBeGreaterThan(0);
    expect(limiter.take("key-0")).toBe(0);
  });
});

test.each([
  ["192.0.2.7", "192.0.2.7"],
  ["::ffff:192.0.2.7", "192.0.2.7"],
  ["::1", "0:0:0:0::/64"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:db8:1:2::9", "2001:db8:1:2::/64"],
  ["2001:0db8:0001:0002::", "2001:db8:1:2::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
])("the address %s counts as %s", (address, key) => {
  expect(addressKey(address)).toBe(key);
});
