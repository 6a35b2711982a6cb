import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { referenceDiff } from "../../differ-wasm/reference.ts";
import { CATEGORIES } from "../../protocol/facts.ts";
import { newDiffer } from "./cores.ts";
import { compare, encodeFacts, feedAll, SCOPE, type FactInput } from "./facts.ts";
import { allowLists, ruleLists } from "./hostile-lists.ts";
import { hostileFacts, hostileScope, strayBaseline } from "./hostile.ts";

// Compiling and a million facts take seconds on a busy machine.
setDefaultTimeout(600_000);

const numRuns = Number(process.env["FANGS_PROPERTY_RUNS"] ?? 250);

const builds = {
  simd: { simd: true },
  scalar: { simd: false },
  "weak hash": { simd: true, weakHash: true },
  "scalar with a weak hash": { simd: false, weakHash: true },
};

describe("the core gives what the reference gives, for whatever facts", () => {
  for (const [name, options] of Object.entries(builds)) {
    test(name, async () => {
      const differ = await newDiffer(options);
      const property = fc.property(
        hostileFacts,
        hostileScope,
        strayBaseline,
        fc.integer({ min: 0, max: 5 }),
        fc.constantFrom(differ.window.length, 65_552, 66_000),
        allowLists,
        ruleLists,
        fc.constantFrom(0xaa, 0x2f),
        (inputs, scope, stray, share, windowSize, allow, rules, padding) => {
          const facts = encodeFacts(inputs, padding);
          const seen = referenceDiff(facts, scope, [], [], rules).fingerprints;
          // From none to all of what the run shows is in the baseline already, some of it twice.
          const baseline = [...stray, ...seen.filter((_, i) => i % 5 < share), ...seen.slice(0, share)];
          const expected = referenceDiff(facts, scope, baseline, allow, rules);
          // From the values, from the baseline that is loaded, from the values again, and from the image that was kept then.
          for (const before of [undefined, undefined, [], []]) {
            if (before) differ.begin(scope, before);
            differ.begin(scope, baseline, allow, rules);
            differ.window.fill(padding);
            expect(feedAll(differ, facts, windowSize)).toBe(0);
            expect(differ.finish()).toEqual(expected);
          }
        },
      );
      fc.assert(property, { numRuns });
    });
  }
});

test("values that differ in one byte, one actor or one category are told apart where their hashes are the same", async () => {
  const twins = Array.from({ length: 70 * 4 }, (_, i): FactInput => {
    const value = new Uint8Array(70).fill(0x61);
    value[i >> 2] = 0x62 + (i & 3);
    return { category: CATEGORIES.meta_new_bin.id, value };
  });
  const owners = Array.from({ length: 280 }, (_, i): FactInput => ({
    category: 19 + (i % 7),
    actor: i,
    value: "twin",
  }));
  const facts = encodeFacts([...twins, ...owners, ...twins, ...owners]);
  const expected = referenceDiff(facts, SCOPE, []);
  expect(expected.fingerprints).toHaveLength(560);
  for (const simd of [true, false]) {
    expect(compare(await newDiffer({ simd, weakHash: true }), facts)).toEqual(expected);
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
