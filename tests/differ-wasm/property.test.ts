import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { referenceDiff } from "../../differ-wasm/reference.ts";
import { newDiffer } from "./cores.ts";
import { encodeFacts, feedAll, SCOPE } from "./facts.ts";
import { hostileFacts, hostileScope, strayBaseline } from "./hostile.ts";

const numRuns = Number(process.env["FANGS_PROPERTY_RUNS"] ?? 250);

const builds = {
  simd: { simd: true },
  scalar: { simd: false },
  "weak hash": { simd: true, weakHash: true },
  "scalar with a weak hash": { simd: false, weakHash: true },
};

describe("the core gives what the reference gives, for whatever facts", () => {
  for (const [name, options] of Object.entries(builds)) {
    test(
      name,
      async () => {
        const differ = await newDiffer(options);
        const property = fc.property(
          hostileFacts,
          hostileScope,
          strayBaseline,
          fc.integer({ min: 0, max: 5 }),
          fc.constantFrom(differ.window.length, 65_552, 66_000),
          (inputs, scope, stray, share, windowSize) => {
            const facts = encodeFacts(inputs);
            const seen = referenceDiff(facts, scope, []).fingerprints;
            // From none to all of what the run shows is in the baseline already, some of it twice.
            const baseline = [...stray, ...seen.filter((_, i) => i % 5 < share), ...seen.slice(0, share)];
            const expected = referenceDiff(facts, scope, baseline);
            differ.window.fill(0xaa);
            differ.begin(scope, baseline);
            expect(feedAll(differ, facts, windowSize)).toBe(0);
            expect(differ.finish()).toEqual(expected);
          },
        );
        fc.assert(property, { numRuns });
      },
      600_000,
    );
  }
});

test("a fact cut at any byte is left in the window, and the result does not depend on where it was cut", async () => {
  const differ = await newDiffer();
  const property = fc.property(hostileFacts, fc.array(fc.nat(), { minLength: 1, maxLength: 5 }), (inputs, cuts) => {
    const facts = encodeFacts(inputs.filter(({ value }) => value.length < 1000));
    differ.begin(SCOPE, []);
    let held = 0;
    for (let at = 0, i = 0; at < facts.length; i++) {
      const size = 1 + ((cuts[i % cuts.length] ?? 0) % 300);
      differ.window.set(facts.subarray(at, at + size), held);
      held += Math.min(size, facts.length - at);
      at += size;
      const taken = differ.feed(held);
      differ.window.copyWithin(0, taken, held);
      held -= taken;
    }
    expect(held).toBe(0);
    expect(differ.finish()).toEqual(referenceDiff(facts, SCOPE, []));
  });
  fc.assert(property, { numRuns: Math.ceil(numRuns / 4) });
});

test("bytes that are no facts at all are read without a trap", async () => {
  const differ = await newDiffer();
  const property = fc.property(fc.uint8Array({ maxLength: 4096, size: "max" }), (noise) => {
    differ.begin(SCOPE, []);
    feedAll(differ, noise);
    expect(differ.finish()).toEqual(referenceDiff(noise, SCOPE, []));
  });
  fc.assert(property, { numRuns });
});
