/** Traces that were just taken in, decompressed: their runs are analysed in a moment, here, if nothing goes wrong. */
import { discardSegment } from "./segment.ts";

export interface FreshTraces {
  /** Keeps a segment that was stored, for as long as there is room. It belongs to this from now on. */
  keep(runId: string, lease: string, seq: number, records: Uint8Array): void;
  /** Hands out the whole trace that came under this lease and forgets it; undefined where any of it is not here. */
  take(runId: string, lease: string, segments: number): Uint8Array[] | undefined;
}

/** Some 150 runs of 1,000 events. */
const MOST_BYTES = 32 * 1024 * 1024;

interface Kept {
  lease: string;
  segments: Map<number, Uint8Array>;
}

/**
 * Nothing depends on it: what is not here is read from where it is stored. The lease tells the attempts of a run apart,
 * whose segments must never mix.
 */
export function createFreshTraces(mostBytes = MOST_BYTES): FreshTraces {
  /** The one that came first in front. */
  const runs = new Map<string, Kept>();
  let bytes = 0;

  function forget(runId: string): Kept | undefined {
    const kept = runs.get(runId);
    runs.delete(runId);
    for (const one of kept?.segments.values() ?? []) bytes -= one.length;
    return kept;
  }
  function discard(runId: string): void {
    for (const one of forget(runId)?.segments.values() ?? []) discardSegment(one);
  }

  return {
    keep(runId, lease, seq, records) {
      if (runs.get(runId)?.lease !== lease) {
        discard(runId);
        runs.set(runId, { lease, segments: new Map() });
      }
      runs.get(runId)?.segments.set(seq, records);
      bytes += records.length;
      for (const oldest of runs.keys()) {
        if (bytes <= mostBytes) break;
        discard(oldest);
      }
    },
    take(runId, lease, segments) {
      const kept = forget(runId);
      if (kept === undefined) return undefined;
      const trace = Array.from({ length: segments }, (_, seq) => kept.segments.get(seq)).filter(
        (one) => one !== undefined,
      );
      if (kept.lease === lease && kept.segments.size === segments && trace.length === segments) return trace;
      for (const one of kept.segments.values()) discardSegment(one);
      return undefined;
    },
  };
}
