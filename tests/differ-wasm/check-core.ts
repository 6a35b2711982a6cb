/**
 * `bun check-core.ts <core.wasm>`: compares a core with the reference on generated runs, always the same ones, and ends
 * with 1 at the first difference. A process of its own, because a defective core may never return.
 */
import fc from "fast-check";
import { readFileSync } from "node:fs";
import { type AllowRule, createDiffer, type Differ } from "../../differ-wasm/host.ts";
import { referenceDiff } from "../../differ-wasm/reference.ts";
import { CATEGORIES, FACT } from "../../protocol/facts.ts";
import { encodeFacts, feedAll, SCOPE } from "./facts.ts";
import { allowLists, ruleLists } from "./hostile-lists.ts";
import { hostileFacts, hostileScope, strayBaseline } from "./hostile.ts";

const RUNS = 500;
const SEED = 20_260_522;
const write = CATEGORIES.fs_new_path_write.id;

const wasm = readFileSync(process.argv[2] ?? "");
agreesOnWhatIsTelling(createDiffer(wasm));
agreesOnNeighbours(createDiffer(wasm));
agreesOnCrowds(createDiffer(wasm));
agreesOnWhatIsGenerated(createDiffer(wasm));
keepsItsLimits();

/** Near-misses that generated runs seldom have, since no other rule may apply to them. */
function agreesOnWhatIsTelling(differ: Differ): void {
  const paths = ["/app/node_modules/@x", "/app/y/node_modules/express/z", "/app/node_modules/y/node_modules/express/z"];
  const ends = [
    "/app/node_modules/y/lib/z",
    "/app/x/node_modules",
    "/app/node_modules/express",
    "/app/node_modules/y/node_modules/@x/y",
    "/y/z-0123456",
    "/y/.123456",
  ];
  for (const project of ["/app", "/app/node_modules/y", "/"]) {
    for (const padding of [0x2f, 0x66, 0x30]) {
      const facts = encodeFacts(
        [...paths, ...ends].map((value) => ({ category: write, value })),
        padding,
      );
      differ.begin({ ...SCOPE, project }, []);
      feedAll(differ, facts);
      expect(differ.finish(), referenceDiff(facts, { ...SCOPE, project }, []));
    }
  }
}

/** More of a kind than the weak hash has values, so that some share theirs: actors of one value, beginnings of another. */
function agreesOnCrowds(differ: Differ): void {
  const crowd = Array.from({ length: 200 }, (_, i) => i);
  const facts = encodeFacts([
    ...crowd.map((actor) => ({ category: write, value: "/etc/x", actor })),
    ...crowd.map((i) => ({ category: write, value: `/${"x".repeat(200 - i)}` })),
  ]);
  differ.begin(SCOPE, []);
  feedAll(differ, facts);
  expect(differ.finish(), referenceDiff(facts, SCOPE, []));
}

/** What passes for something else: another process's own /proc, an address in IPv4's clothes, a name of no label. */
function agreesOnNeighbours(differ: Differ): void {
  const address = Uint8Array.from([1, 187, 0x20, 1, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 1, 2, 3]);
  const facts = encodeFacts([
    { category: CATEGORIES.fs_new_path_read.id, value: "/proc/42/maps", pid: 42 },
    { category: CATEGORIES.fs_new_path_read.id, value: "/proc/42/maps", pid: 43 },
    { category: CATEGORIES.net_new_destination.id, value: address },
    { category: CATEGORIES.net_new_dns.id, value: ".example" },
  ]);
  const allow: AllowRule[] = [{ kind: "dns", value: "*.example" }];
  differ.begin(SCOPE, [], allow);
  feedAll(differ, facts);
  expect(differ.finish(), referenceDiff(facts, SCOPE, [], allow));
}

function agreesOnWhatIsGenerated(differ: Differ): void {
  const property = fc.property(
    hostileFacts,
    hostileScope,
    strayBaseline,
    allowLists,
    ruleLists,
    fc.constantFrom(0xaa, 0x2f),
    (inputs, scope, stray, allow, rules, padding) => {
      const facts = encodeFacts(inputs, padding);
      const seen = referenceDiff(facts, scope, [], [], rules).fingerprints;
      // Some of it twice: a number is a place among the values given.
      const baseline = [...stray, ...seen.slice(0, 1), ...seen.filter((_, at) => at % 3 === 0)];
      const expected = referenceDiff(facts, scope, baseline, allow, rules);
      // From the values, from the baseline that is loaded, from the values again, and from the image that was kept then.
      for (const before of [undefined, undefined, [], []]) {
        if (before) differ.begin(scope, before);
        differ.begin(scope, baseline, allow, rules);
        differ.window.fill(0xaa);
        const left = feedAll(differ, facts, 66_000);
        if (left !== 0 || !Bun.deepEquals(differ.finish(), expected)) return false;
      }
      return true;
    },
  );
  fc.assert(property, { numRuns: RUNS, seed: SEED, endOnFailure: true });
}

/** What generated runs are too small for. */
function keepsItsLimits(): void {
  const differ = createDiffer(wasm, { fingerprints: 2, bytes: 20_000 });
  const facts = (values: string[]) => encodeFacts(values.map((value) => ({ category: write, value })));
  const result = (values: string[]) => {
    differ.begin(SCOPE, NONE);
    feedAll(differ, facts(values));
    const { fingerprints, flood } = differ.finish();
    return [fingerprints.length, flood !== null];
  };
  const NONE: never[] = [];
  expect(result(["/a", "/b", "/c", "/c"]), [2, true]);
  expect(result(["/a", "/b"]), [2, false]);
  const long = (letter: string) => `/${letter.repeat(FACT.valueLimit - 1)}`;
  expect(result([long("y"), long("z")]), [2, false]);
  const small = createDiffer(wasm, { bytes: 10_000 });
  small.begin(SCOPE, []);
  feedAll(small, facts([long("y"), long("z")]));
  expect([small.finish().fingerprints.length, small.finish().flood !== null], [1, true]);
  const many = Array.from({ length: 6000 }, (_, at) => `/x/${at}`);
  const large = createDiffer(wasm);
  large.begin(SCOPE, []);
  feedAll(large, facts([...many, ...many]));
  expect(large.finish(), referenceDiff(facts([...many, ...many]), SCOPE, []));
}

function expect(seen: unknown, wanted: unknown): void {
  if (!Bun.deepEquals(seen, wanted)) throw new Error(`${Bun.inspect(seen)} instead of ${Bun.inspect(wanted)}`);
}
