import { expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import type { Delta } from "../../differ-wasm/host.ts";
import { referenceDiff } from "../../differ-wasm/reference.ts";
import { newDiffer } from "./cores.ts";
import { encodeFacts, feedAll, SCOPE, type FactInput } from "./facts.ts";
import { hostileFacts } from "./hostile.ts";

// The reference takes seconds for it on an idle machine.
setDefaultTimeout(600_000);

const ROUNDS = 1000;
const FACTS = 1000;
/** What the rules look at. */
const BYTES = [..."/.-_<>:@*0af9gzAFZ~\0 ", "\u00ff"].map((letter) => letter.charCodeAt(0));

test("a million generated facts are compared as the reference compares them, by every build", async () => {
  const seed = (Math.random() * 2 ** 32) >>> 0;
  const random = randomFrom(seed);
  const differs = [
    await newDiffer({ simd: true }),
    await newDiffer({ simd: false }),
    await newDiffer({ simd: true, weakHash: true }),
  ];
  const stock = fc.sample(hostileFacts, { numRuns: 300, seed }).flat();
  let compared = 0;
  let earlier: Delta[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const inputs = Array.from({ length: FACTS }, () => changed(stock[random(stock.length)]!, random));
    const facts = encodeFacts(inputs);
    const baseline = earlier.filter(() => random(2) === 0);
    const expected = referenceDiff(facts, SCOPE, baseline);
    earlier = expected.fingerprints;
    for (const [build, differ] of differs.entries()) {
      differ.begin(SCOPE, baseline);
      expect(feedAll(differ, facts)).toBe(0);
      const isSame = Bun.deepEquals(differ.finish(), expected);
      expect({ seed, round, build, isSame }).toEqual({ seed, round, build, isSame: true });
    }
    compared += FACTS;
  }
  expect(compared).toBe(1_000_000);
});

// --- internal ---

/** Half of them as they are; of the others one byte is another, or the end is. */
function changed(fact: FactInput, random: (below: number) => number): FactInput {
  const value = Buffer.from(fact.value);
  const at = random(value.length + 1);
  const kind = random(4);
  if (kind === 0 && at < value.length) value[at] = BYTES[random(BYTES.length)]!;
  return { ...fact, value: kind === 1 ? value.subarray(0, at) : value };
}

/** Mulberry32: whole numbers from 0, the same for the same seed. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
