/** What the benchmark of the comparing core reads: facts of recorded runs, as analysis extracts them. */
import type { BaselineValue, Differ, DifferScope } from "../../differ-wasm/host.ts";
import { referenceDiff } from "../../differ-wasm/reference.ts";
import { FACT } from "../../protocol/facts.ts";
import { createActors } from "../../server/analysis/actors.ts";
import { extractFacts } from "../../server/analysis/extract.ts";
import type { AnalysisInput } from "../../server/analysis/types.ts";
import { TraceCursor } from "../../protocol/trace.ts";
import type { Recording } from "../corpus/recording.ts";

export interface BenchInput {
  scope: DifferScope;
  /** What an earlier run of the same release showed. */
  baseline: BaselineValue[];
  /** Exactly as many facts as asked for. */
  facts: Uint8Array;
}

export function toAnalysisInput({ package: name, version, result, segments }: Recording): AnalysisInput {
  return { package: name, version, result, segments, baseline: null, allow: [], severities: {}, seeding: false };
}

/** The facts of a recorded run. */
export function factsOf(recording: Recording): Uint8Array {
  const input = toAnalysisInput(recording);
  const chunks: Uint8Array[] = [];
  const window = new Uint8Array(256 * 1024);
  const tape: Differ = {
    window,
    begin() {},
    feed(length) {
      chunks.push(window.slice(0, length));
      return length;
    },
    finish: () => ({ fingerprints: [], flood: null, bad: 0 }),
  };
  extractFacts(input, createActors(input.result, input.package), tape);
  return new Uint8Array(Buffer.concat(chunks));
}

/**
 * `count` facts of a run, against a baseline of what an earlier run showed. Where the run has fewer, it is repeated with
 * other actors, so that the repetitions are behaviours of their own.
 */
export function benchInput(run: Recording, earlier: Recording, count: number): BenchInput {
  const { project, home } = run.result.environment;
  const scope = { project, home, package: run.package };
  const all = factsOf(run);
  const chunks: Uint8Array[] = [];
  for (let left = count, actor = 0; left > 0; actor++) {
    const { size, taken } = measure(all, left);
    chunks.push(withActors(all.slice(0, size), actor * ACTORS));
    left -= taken;
  }
  const baseline = referenceDiff(factsOf(earlier), scope, []).fingerprints.map(({ actor, category, value }) => ({
    actor,
    category,
    // A text of its own, as a database gives it: that of the reference is still in pieces.
    value: Buffer.from(value).toString(),
  }));
  return { scope, baseline, facts: new Uint8Array(Buffer.concat(chunks)) };
}

/** More than a recorded run has. */
const ACTORS = 64;

/** How many bytes the first `most` facts take, and how many facts these are. */
function measure(facts: Uint8Array, most: number): { size: number; taken: number } {
  const view = new DataView(facts.buffer);
  let size = 0;
  let taken = 0;
  for (; taken < most && size < facts.length; taken++) size = behind(view, size);
  return { size, taken };
}

function withActors(facts: Uint8Array, add: number): Uint8Array {
  const view = new DataView(facts.buffer);
  for (let at = 0; at < facts.length; at = behind(view, at)) {
    view.setUint16(at + FACT.actor, view.getUint16(at + FACT.actor, true) + add, true);
  }
  return facts;
}

function behind(view: DataView, at: number): number {
  return (at + FACT.headerSize + view.getUint16(at + FACT.length, true) + 7) & ~7;
}

/** A recording of exactly `count` records: what is too much is left out in front of the last ones, which sum up. */
export function cutTrace(recording: Recording, count: number): Recording {
  const sizes: Uint8Array[] = [];
  for (const segment of recording.segments) {
    const cursor = new TraceCursor(segment);
    let from = 0;
    while (cursor.next()) {
      if (cursor.offset > from) sizes.push(segment.subarray(from, cursor.offset));
      from = cursor.offset;
    }
    sizes.push(segment.subarray(from));
  }
  if (sizes.length < count) throw new RangeError(`${recording.package} has ${sizes.length} records only.`);
  const kept = [...sizes.slice(0, count - LAST_RECORDS), ...sizes.slice(-LAST_RECORDS)];
  return {
    ...recording,
    segments: [new Uint8Array(Buffer.concat(kept))],
    result: { ...recording.result, events: count, segments: 1 },
  };
}

const LAST_RECORDS = 20;
