import { expect, setDefaultTimeout, test } from "bun:test";
import { createDiffer, type BaselineValue } from "../../differ-wasm/host.ts";
import { referenceDiff } from "../../differ-wasm/reference.ts";
import { CATEGORIES, FACT } from "../../protocol/facts.ts";
import { core, newDiffer } from "./cores.ts";
import { compare, encodeFacts, feedAll, SCOPE, type FactInput } from "./facts.ts";

// Compiling and a million facts take seconds on a busy machine.
setDefaultTimeout(600_000);

const read = CATEGORIES.fs_new_path_read.id;
const write = CATEGORIES.fs_new_path_write.id;

const wasm = await core({ simd: true });

test("the same behaviour is counted once, with the first fact that showed it", async () => {
  const facts = encodeFacts([
    { id: 7, category: write, value: "/etc/a" },
    { id: 8, category: write, value: "/etc/b" },
    { id: 9, category: write, value: "/etc/./a" },
  ]);
  expect(compare(await newDiffer(), facts).fingerprints).toEqual([
    { actor: 0, category: write, value: "/etc/a", count: 2, first: 7, known: false, allowedBy: null },
    { actor: 0, category: write, value: "/etc/b", count: 1, first: 8, known: false, allowedBy: null },
  ]);
});

test("another actor or another category is another behaviour", async () => {
  const facts = encodeFacts([
    { category: write, value: "/etc/a", actor: 1 },
    { category: read, value: "/etc/a", actor: 1 },
    { category: write, value: "/etc/a", actor: 2 },
  ]);
  expect(compare(await newDiffer(), facts).fingerprints).toHaveLength(3);
});

test("what the baseline has is known, and comes first; what it has and the run lacks is not reported", async () => {
  const baseline: BaselineValue[] = [
    { actor: 0, category: write, value: "/etc/unseen" },
    { actor: 0, category: write, value: "/etc/b\\x00" },
    { actor: 1, category: write, value: "/etc/a" },
  ];
  const facts = encodeFacts([
    { category: write, value: "/etc/a" },
    { category: write, value: "/etc/b\0", id: 5 },
  ]);
  expect(compare(await newDiffer(), facts, SCOPE, baseline).fingerprints).toEqual([
    { actor: 0, category: write, value: "/etc/b\\x00", count: 1, first: 5, known: true, allowedBy: null },
    { actor: 0, category: write, value: "/etc/a", count: 1, first: 0, known: false, allowedBy: null },
  ]);
});

test("a run does not see the one before it, nor its baseline", async () => {
  const differ = await newDiffer();
  const facts = encodeFacts([
    { category: write, value: "/app/a" },
    { category: 255, value: "?" },
    { category: write, value: "/".repeat(FACT.valueLimit + 1) },
  ]);
  const first = compare(differ, facts, SCOPE, [{ actor: 0, category: write, value: "<PROJECT>/a" }]);
  expect(first.fingerprints[0]?.known).toBe(true);
  const second = compare(differ, encodeFacts([{ category: write, value: "/app/a" }]), { ...SCOPE, project: "/srv" });
  expect(second).toEqual({
    fingerprints: [{ actor: 0, category: write, value: "/app/a", count: 1, first: 0, known: false, allowedBy: null }],
    flood: null,
    bad: 0,
  });
});

test("a fact of no category is bad, one that is too long is a flood", async () => {
  const facts = encodeFacts([
    { category: 0, value: "x" },
    { category: 31, value: "x" },
    { category: 200, value: new Uint8Array(65_535) },
    { category: write, value: `/${"x".repeat(FACT.valueLimit - 1)}` },
    { category: write, value: `/${"x".repeat(FACT.valueLimit)}` },
    { category: write, value: new Uint8Array(65_535) },
  ]);
  const result = compare(await newDiffer(), facts);
  expect(result.fingerprints.map(({ value }) => value.length)).toEqual([FACT.valueLimit]);
  expect(result.bad).toBe(3);
  expect(result.flood).toBe("2 values longer than 6144 bytes");
});

test("a baseline value that no run can show is passed over", async () => {
  const baseline = [{ actor: 0, category: write, value: "x".repeat(100_000) }];
  expect(compare(await newDiffer(), encodeFacts([]), SCOPE, baseline)).toEqual({
    fingerprints: [],
    flood: null,
    bad: 0,
  });
});

test("beyond the cap, what is new is dropped and reported, and what was seen is still counted", async () => {
  const differ = await newDiffer({ simd: true }, { fingerprints: 2 });
  const paths = ["/etc/a", "/etc/b", "/etc/c", "/etc/d", "/etc/b"];
  const facts = encodeFacts(paths.map((value) => ({ category: write, value })));
  const result = compare(differ, facts, SCOPE, [{ actor: 0, category: write, value: "/etc/a" }]);
  expect(result.fingerprints.map(({ value, count, known }) => [value, count, known])).toEqual([
    ["/etc/a", 1, true],
    ["/etc/b", 2, false],
    ["/etc/c", 1, false],
  ]);
  expect(result.flood).toBe("more than 2 distinct behaviours, or too many bytes of them");
});

test("a baseline beyond the cap is a flood, too", async () => {
  const differ = await newDiffer({ simd: true }, { baseline: 1 });
  const baseline = ["/etc/a", "/etc/b"].map((value) => ({ actor: 0, category: write, value }));
  expect(compare(differ, encodeFacts([]), SCOPE, baseline).flood).not.toBeNull();
});

/** `total` facts with values of `size` bytes that differ in their digits, a window's worth at a time. */
function flood(differ: ReturnType<typeof createDiffer>, total: number, size: number): void {
  const perWindow = Math.floor(differ.window.length / (Math.ceil((FACT.headerSize + size) / 8) * 8));
  for (let from = 0; from < total; from += perWindow) {
    const count = Math.min(perWindow, total - from);
    const inputs = Array.from({ length: count }, (_, i): FactInput => {
      return { id: from + i, category: write, value: `/etc/x${from + i}${"/y".repeat(size)}`.slice(0, size) };
    });
    expect(feedAll(differ, encodeFacts(inputs))).toBe(0);
  }
}

test("a million distinct paths are a flood, and the differ goes on working", async () => {
  const differ = await newDiffer();
  differ.begin(SCOPE, []);
  flood(differ, 1_000_000, 24);
  const { fingerprints, flood: capped, bad } = differ.finish();
  expect(capped).toBe("more than 262144 distinct behaviours, or too many bytes of them");
  expect(fingerprints).toHaveLength(262_144);
  expect(fingerprints.at(-1)?.first).toBe(262_143);
  expect(bad).toBe(0);
  const facts = encodeFacts([{ category: write, value: "/etc/a" }]);
  expect(compare(differ, facts)).toEqual(referenceDiff(facts, SCOPE, []));
});

test("so are too many bytes of few distinct paths", async () => {
  const differ = await newDiffer();
  differ.begin(SCOPE, []);
  flood(differ, 8000, 6000);
  const { fingerprints, flood: capped } = differ.finish();
  expect(capped).not.toBeNull();
  expect(fingerprints.length).toBeLessThan(8000);
  expect(fingerprints.length).toBeGreaterThan(6000);
});

test("the longest values that the rules can make are compared in full", async () => {
  const differ = await newDiffer();
  const facts = encodeFacts([
    { category: write, value: `/proc${"/fd/1".repeat(1227)}` },
    { category: CATEGORIES.proc_new_command.id, value: `${"/a\0".repeat(63)}/proc${"/fd/1".repeat(1180)}` },
  ]);
  const scope = { project: "/a", home: "/root", package: "express" };
  const expected = referenceDiff(facts, scope, []);
  expect(expected.fingerprints[0]?.value).toHaveLength("/proc".length + 7 * 1227);
  expect(compare(differ, facts, scope)).toEqual(expected);
  expect(compare(differ, facts, scope, expected.fingerprints).fingerprints.map(({ known }) => known)).toEqual([
    true,
    true,
  ]);
});

test("what does not fit a fact, a root or the window is refused", async () => {
  const differ = await newDiffer();
  expect(() => differ.feed(differ.window.length + 1)).toThrow("do not fit the window");
  expect(() => differ.begin(SCOPE, [{ actor: 65_536, category: write, value: "x" }])).toThrow("does not fit a fact");
  expect(() => differ.begin(SCOPE, [{ actor: 0, category: 256, value: "x" }])).toThrow("does not fit a fact");
  expect(() => differ.begin({ ...SCOPE, home: `/${"x".repeat(2000)}` }, [])).toThrow("too long");
});

test("the memory never grows, so the window stays the same view", async () => {
  const differ = await newDiffer();
  const { window } = differ;
  compare(differ, encodeFacts([{ category: write, value: "/etc/a" }]));
  expect(differ.window).toBe(window);
  expect(window.length).toBe(256 * 1024);
});

test("the core needs nothing from its host, and stays within 16 KB", () => {
  expect(WebAssembly.Module.imports(new WebAssembly.Module(new Uint8Array(wasm)))).toEqual([]);
  expect(wasm.length).toBeLessThan(16 * 1024);
});

test("the layout of the memory has room for the compiler's constants in front, and for one more value behind", () => {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(wasm)));
  const number = (name: string): number => {
    const value = exports[name];
    return value instanceof WebAssembly.Global ? value.value : Number.NaN;
  };
  expect(number("STATIC_END")).toBeLessThanOrEqual(number("SCOPE"));
  const memory = exports["memory"];
  const size = memory instanceof WebAssembly.Memory ? memory.buffer.byteLength : Number.NaN;
  expect(size - number("ARENA_END")).toBeGreaterThan(2 * number("VALUE_MAX"));
});
