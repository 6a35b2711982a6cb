import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { BaselineValue, Differ } from "../../differ-wasm/host.ts";
import { referenceDiff } from "../../differ-wasm/reference.ts";
import { CATEGORIES, FACT } from "../../protocol/facts.ts";
import { newDiffer } from "./cores.ts";
import { compare, encodeFacts, feedAll, SCOPE, type FactInput } from "./facts.ts";

// A million of anything takes seconds on a busy machine.
setDefaultTimeout(600_000);

const write = CATEGORIES.fs_new_path_write.id;
const fact = (value: string | Uint8Array, category: number = write): FactInput => ({ category, value });
/** Paths whose components no rule touches. */
const path = (at: number): string => `/srv/data/y${at}/zz`;

function known(from: number, to: number): BaselineValue[] {
  return Array.from({ length: to - from }, (_, at) => ({ actor: 0, category: write, value: path(from + at) }));
}

describe("a value that shares its hash with one of the baseline", () => {
  for (const simd of [true, false]) {
    test(`${simd ? "SIMD" : "scalar"}: is never taken for it, however alike they are`, async () => {
      // With 6 bits of hash, each of these meets the hash of the baseline's values many times.
      const differ = await newDiffer({ simd, weakHash: true });
      const size = 48;
      const values = Array.from({ length: 4096 }, (_, at) => {
        const value = new Uint8Array(size).fill(0x79);
        value[0] = 0x2f;
        value[1 + (at % (size - 1))] = 0x67 + Math.floor(at / (size - 1)) / 5;
        value[size - 1 - (at % 7)] = 0x67 + (at % 19);
        return value;
      });
      const distinct = new Map(values.map((value) => [Buffer.from(value).toString("latin1"), value]));
      const [first = ""] = distinct.keys();
      const facts = encodeFacts([...distinct.values()].map((value) => fact(value)));
      const baseline = [{ actor: 0, category: write, value: first }];
      const { fingerprints } = compare(differ, facts, SCOPE, baseline);
      expect(fingerprints).toHaveLength(distinct.size);
      expect(fingerprints.filter((delta) => delta.known).map(({ value }) => value)).toEqual([first]);
    });
  }
});

describe("a baseline of a million behaviours", () => {
  let differ: Differ;
  const baseline = known(0, 1_000_000);

  test("is compared with in full", async () => {
    differ = await newDiffer();
    const facts = encodeFacts([0, 1, 499_999, 999_998, 999_999, 1_000_000, 2_000_000].map((at) => fact(path(at))));
    const { fingerprints, flood } = compare(differ, facts, SCOPE, baseline);
    expect(flood).toBeNull();
    expect(fingerprints.map((delta) => delta.known)).toEqual([true, true, true, true, true, false, false]);
  });

  test("leaves a run its own room, and the next run the whole of it", () => {
    differ.begin(SCOPE, baseline);
    for (let from = 0; from < 300_000; from += 1000) {
      const facts = encodeFacts(Array.from({ length: 1000 }, (_, at) => fact(path(5_000_000 + from + at))));
      expect(feedAll(differ, facts)).toBe(0);
    }
    const flooded = differ.finish();
    expect(flooded.flood).not.toBeNull();
    expect(flooded.fingerprints).toHaveLength(1 << 18);
    const again = compare(differ, encodeFacts([fact(path(999_999)), fact(path(5_000_000))]), SCOPE, baseline);
    expect(again.fingerprints.map((delta) => delta.known)).toEqual([true, false]);
    expect(again.flood).toBeNull();
  });

  test("and of more than fit is a flood in every run", () => {
    const tooLarge = known(0, (1 << 20) + 1);
    expect(compare(differ, encodeFacts([]), SCOPE, tooLarge).flood).not.toBeNull();
    expect(compare(differ, encodeFacts([]), SCOPE, tooLarge).flood).not.toBeNull();
  });
});

describe("bytes that nobody expects", () => {
  const read = CATEGORIES.fs_new_path_read.id;
  const dns = CATEGORIES.net_new_dns.id;
  const bytes = (...parts: number[]) => new Uint8Array(parts);

  test("are kept apart from what they look like", async () => {
    const facts: FactInput[] = [
      fact("/etc/passwd"),
      fact("/etc/passwd\0"),
      fact("/etc/passwd\0.txt"),
      fact(bytes(0x2f, 0xff)),
      fact(bytes(0x2f, 0xc3)),
      fact(bytes(0x2f, 0xc0, 0xaf)),
      fact("/\\xff"),
      fact("k.example", dns),
      fact("\u212a.example", dns),
      fact("K.example", dns),
    ];
    const encoded = encodeFacts(facts);
    const expected = referenceDiff(encoded, SCOPE, []);
    for (const simd of [true, false]) expect(compare(await newDiffer({ simd }), encoded)).toEqual(expected);
    expect(expected.fingerprints.map(({ value }) => value)).toEqual([
      "/etc/passwd",
      "/etc/passwd\\x00",
      "/etc/passwd\\x00.txt",
      "/\\xff",
      "/\\xc3",
      "/\\xc0\\xaf",
      "/\\x5cxff",
      "k.example",
      "\u212a.example",
    ]);
  });

  test("an empty name is nothing, and a value of 64 KiB is a flood that hides nothing else", async () => {
    const facts = encodeFacts([
      fact("", dns),
      fact(" . ", dns),
      fact(new Uint8Array(0xffff).fill(0x2f)),
      fact("/etc/a"),
      fact(`/${"y".repeat(0xfffe)}`, read),
      fact("/etc/b"),
    ]);
    const result = compare(await newDiffer(), facts);
    expect(result.fingerprints.map(({ value }) => value)).toEqual(["/etc/a", "/etc/b"]);
    expect(result.flood).toBe(`2 values longer than ${FACT.valueLimit} bytes`);
    expect(result).toEqual(referenceDiff(facts, SCOPE, []));
  });
});
