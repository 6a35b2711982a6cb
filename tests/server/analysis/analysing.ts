/** Analysis of told traces, on the compiled core and on the plain reference: both must say the same. */
import { compileCore } from "../../../differ-wasm/compile.ts";
import type { Differ } from "../../../differ-wasm/host.ts";
import { referenceDiff } from "../../../differ-wasm/reference.ts";
import { analyserOn, createAnalyser } from "../../../server/analysis/analyse.ts";
import type { AnalysisInput, AnalysisOutput, BaselineFingerprint } from "../../../server/analysis/types.ts";
import { inputOf, type Story } from "./story.ts";

const wasm = await compileCore({ simd: true });
const onCore = createAnalyser(wasm);
const onReference = analyserOn(referenceDiffer());

/** Analyses a story against a baseline, an empty one where none is given; both differs must agree. */
export function analyse(story: Story, changes: Partial<AnalysisInput> = {}): AnalysisOutput {
  return analyseInput(inputOf(story, changes));
}

export function analyseInput(input: AnalysisInput): AnalysisOutput {
  const output = onCore(input);
  const reference = onReference(input);
  if (!Bun.deepEquals(output, reference)) {
    throw new Error(`core and reference differ:\n${Bun.inspect(output)}\n${Bun.inspect(reference)}`);
  }
  return output;
}

/** `actor category value` of each deviation. */
export function deviations(story: Story, changes: Partial<AnalysisInput> = {}): string[] {
  return analyse(story, changes).deviations.map(({ actor, category, value }) => `${actor} ${category} ${value}`);
}

/** The fingerprints of a run as a baseline. */
export function baselineOf(output: AnalysisOutput): BaselineFingerprint[] {
  return output.fingerprints.map(({ actor, category, value }) => ({ actor, category, value }));
}

function referenceDiffer(): Differ {
  const window = new Uint8Array(256 * 1024);
  let facts: Uint8Array[] = [];
  let run: Parameters<Differ["begin"]> = [{ project: "", home: "", package: "" }, []];
  return {
    window,
    begin(scope, baseline, allow, rules) {
      facts = [];
      run = [scope, [...baseline], allow, rules];
    },
    feed(length) {
      facts.push(window.slice(0, length));
      return length;
    },
    finish: () => referenceDiff(Buffer.concat(facts), ...run),
  };
}
