/** The benchmark of the comparing core: every contender on the same bytes, in turn, checked against each other. */
import { createDiffer, type Differ, type DifferResult, warmUp } from "../../differ-wasm/host.ts";
import { referenceDiff } from "../../differ-wasm/reference.ts";
import { analyserOn } from "../../server/analysis/analyse.ts";
import type { Recording } from "../corpus/recording.ts";
import { benchInput, type BenchInput, cutTrace, toAnalysisInput } from "./inputs.ts";
import { measureInTurn, type Times } from "./measure.ts";
import { scannerDiff } from "./scanner.ts";

export interface BenchOptions {
  /** The core with SIMD, and scalar. */
  simd: Uint8Array;
  scalar: Uint8Array;
  /** The same algorithm as native code, or why there is none. */
  native: Differ | string;
  /** Two recordings of the same release: the first is the baseline of the second. */
  earlier: Recording;
  run: Recording;
  /** A short run, for the whole way from trace to verdict. */
  short: Recording;
  sizes?: readonly number[];
  tell?: (line: string) => void;
}

export type Contender = "core" | "scalar" | "native" | "scanner" | "reference";

export interface BenchReport {
  /** By number of facts, then by contender; native is missing where there is none. */
  comparison: { facts: number; bytes: number; digest: string; times: Partial<Record<Contender, Times>> }[];
  /** From trace to verdict. */
  analysis: { events: number; verdict: string; times: Times }[];
  /** Of 1,000 facts, each on a differ of its own after warm-up, in the order they were done; whether all warm-ups got through. */
  firstRuns: { microseconds: number[]; warm: boolean };
  native: string | null;
  wasmBytes: number;
}

const SIZES = [1000, 10_000, 100_000];
const FIRST_RUNS = 5;

/** @throws Error where two contenders do not give the same result */
export async function compareContenders(options: BenchOptions): Promise<BenchReport> {
  const { simd, scalar, native, earlier, run, short, sizes = SIZES, tell = () => undefined } = options;
  tell("first run after warm-up");
  const firstRuns = await timeFirstRuns(simd, benchInput(run, earlier, 1000));

  const comparison: BenchReport["comparison"] = [];
  const core = createDiffer(simd);
  const plain = createDiffer(scalar);
  for (const size of sizes) {
    tell(`${size} facts`);
    const input = benchInput(run, earlier, size);
    const { facts, scope, baseline } = input;
    const contenders: Partial<Record<Contender, () => DifferResult>> = {
      core: () => runDiffer(core, input),
      scalar: () => runDiffer(plain, input),
      ...(typeof native === "string" ? {} : { native: () => runDiffer(native, input) }),
      scanner: () => scannerDiff(facts, scope, baseline),
      reference: () => referenceDiff(facts, scope, baseline),
    };
    const digest = commonDigest(contenders);
    const times = await measureInTurn(contenders as Record<Contender, () => DifferResult>);
    comparison.push({ facts: size, bytes: facts.length, digest, times });
  }

  tell("whole analysis");
  return {
    comparison,
    analysis: [await timeAnalysis(core, cutTrace(short, 1000)), await timeAnalysis(core, run)],
    firstRuns,
    native: typeof native === "string" ? native : null,
    wasmBytes: simd.length,
  };
}

// --- internal ---

function runDiffer(differ: Differ, { scope, baseline, facts }: BenchInput): DifferResult {
  differ.begin(scope, baseline);
  const { window } = differ;
  for (let at = 0; at < facts.length;) {
    const chunk = facts.length <= window.length ? facts : facts.subarray(at, at + window.length);
    window.set(chunk);
    at += differ.feed(chunk.length);
  }
  return differ.finish();
}

/** As the server does it: the baseline was read a moment ago, and its values were put into the core's form. */
async function timeFirstRuns(
  wasm: Uint8Array,
  { scope, baseline, facts }: BenchInput,
): Promise<BenchReport["firstRuns"]> {
  const microseconds: number[] = [];
  let warm = true;
  for (let i = 0; i < FIRST_RUNS; i++) {
    const differ = createDiffer(wasm);
    warm = (await warmUp(differ)) && warm;
    const known = baseline.map(({ actor, category, value }) => ({ actor, category, value }));
    const start = performance.now();
    differ.begin(scope, known);
    differ.window.set(facts);
    differ.feed(facts.length);
    differ.finish();
    microseconds.push((performance.now() - start) * 1000);
  }
  return { microseconds, warm };
}

/** Against a baseline of its own behaviour, which is there from the run before, as on a server. */
async function timeAnalysis(differ: Differ, recording: Recording): Promise<BenchReport["analysis"][number]> {
  const analyse = analyserOn(differ);
  const input = toAnalysisInput(recording);
  const baseline = analyse(input).fingerprints;
  const { verdict } = analyse({ ...input, baseline });
  const { analysis } = await measureInTurn({ analysis: () => analyse({ ...input, baseline }) }, 200);
  return { events: recording.result.events, verdict, times: analysis };
}

/** The digest of what all of them give. */
function commonDigest(contenders: Partial<Record<Contender, () => DifferResult>>): string {
  const digests = new Map<string, string>();
  for (const [name, run] of Object.entries(contenders)) {
    digests.set(new Bun.CryptoHasher("sha256").update(JSON.stringify(run())).digest("hex"), name);
  }
  const [digest = ""] = digests.keys();
  if (digests.size > 1) throw new Error(`Not the same result: ${[...digests.values()].join(", ")}`);
  return digest;
}
