import { expect, setDefaultTimeout, test } from "bun:test";
import { compileCore } from "../../differ-wasm/compile.ts";
import { createDiffer, warmUp } from "../../differ-wasm/host.ts";
import { referenceDiff } from "../../differ-wasm/reference.ts";
import { readCorpus } from "../corpus/recording.ts";
import { benchInput, cutTrace, factsOf } from "./inputs.ts";
import { openNative } from "./native.ts";
import { scannerDiff } from "./scanner.ts";

setDefaultTimeout(600_000);

const corpus = readCorpus();
const native = openNative();
if (typeof native === "string") process.stderr.write(`native code not tested: ${native}\n`);

function run(differ: ReturnType<typeof createDiffer>, { scope, baseline, facts }: ReturnType<typeof benchInput>) {
  differ.begin(scope, baseline);
  for (let at = 0; at < facts.length;) {
    const chunk = facts.subarray(at, at + differ.window.length);
    differ.window.set(chunk);
    at += differ.feed(chunk.length);
  }
  return differ.finish();
}

test("every contender makes the same of every recorded run", async () => {
  const cores = [createDiffer(await compileCore({ simd: true })), createDiffer(await compileCore({ simd: false }))];
  if (typeof native !== "string") cores.push(native);
  const earlier = corpus.get("express-4.21.2");
  expect(corpus.size).toBeGreaterThanOrEqual(5);
  for (const recording of corpus.values()) {
    const input = benchInput(recording, earlier ?? recording, 4000);
    const expected = referenceDiff(input.facts, input.scope, input.baseline);
    expect(expected.fingerprints.length).toBeGreaterThan(30);
    expect(scannerDiff(input.facts, input.scope, input.baseline)).toEqual(expected);
    for (const differ of cores) expect(run(differ, input)).toEqual(expected);
  }
});

test.skipIf(typeof native === "string")("native code is there on this host", () => {
  expect(native).toBeObject();
});

test("an input has as many facts as asked for, and a cut trace as many records", () => {
  for (const recording of corpus.values()) {
    const { facts } = benchInput(recording, recording, 1000);
    const { fingerprints } = referenceDiff(facts, { project: "", home: "", package: "" }, []);
    expect(fingerprints.reduce((sum, { count }) => sum + count, 0)).toBe(1000);
    expect(cutTrace(recording, 1000).result.events).toBe(1000);
    expect(factsOf(cutTrace(recording, 1000)).length).toBeLessThan(factsOf(recording).length);
  }
});

test("warming up leaves no trace in a run", async () => {
  const differ = createDiffer(await compileCore({ simd: true }));
  const [recording] = corpus.values();
  if (recording === undefined) throw new Error("The corpus is empty.");
  const input = benchInput(recording, recording, 1000);
  const warming = warmUp(differ, { background: true });
  const expected = referenceDiff(input.facts, input.scope, input.baseline);
  for (let i = 0; i < 20; i++) {
    expect(run(differ, input)).toEqual(expected);
    await Bun.sleep(7);
  }
  await warming;
  expect(run(differ, input)).toEqual(expected);
});
