/** Where the bytes of trace segments lie. That they exist, and what they are, is a row of the database in either case. */
import { FangsError } from "../../protocol/errors.ts";
import type { StoredSegment } from "../store/traces.ts";

export interface Traces {
  /**
   * Keeps the bytes of a segment before its row is written; answers what that row is to hold of them. Doing it again changes
   * nothing, whatever came of the row.
   *
   * @throws FangsError bucket_unavailable, bucket_refused
   */
  put(segment: KeptSegment): Promise<Uint8Array | null>;
  /**
   * The bytes of a segment whose row does not hold them.
   *
   * @throws FangsError trace_missing, trace_corrupt; bucket_unavailable, bucket_refused
   */
  get(segment: Omit<StoredSegment, "data">): Promise<Uint8Array>;
  /** Where bytes lie outside of rows: what is there; undefined: they do not. */
  readonly objects?: TraceObjects;
}

/** The objects of a bucket, to find those that no row stands for. */
export interface TraceObjects {
  /**
   * Up to 1,000 objects in the order of their keys: those of one run, or those behind a key.
   *
   * @throws FangsError bucket_unavailable, bucket_refused
   */
  list(place: { run?: string; after?: string }): Promise<TraceObject[]>;
  /** Removes objects, also those that are gone already. */
  remove(objects: readonly TraceObject[]): Promise<void>;
}

export interface TraceObject {
  key: string;
  /** What its key says; undefined: it is none of ours. */
  segment: { run_id: string; seq: number; sha256: string } | undefined;
  /** Bytes. */
  size: number;
  /** When it was last written, by the bucket's clock; ms UTC. */
  modified: number;
}

interface KeptSegment {
  run_id: string;
  seq: number;
  /** Hex, of the bytes. */
  sha256: string;
  /** zstd. */
  bytes: Uint8Array;
}

/** How many objects are asked for at a time: 2 MiB at most, and one of them waits while the others come. */
export const AT_ONCE = 8;

/** In the rows themselves. */
export const inDatabase: Traces = {
  put: async ({ bytes }) => bytes,
  async get({ run_id, seq }) {
    throw new FangsError(
      "bucket_unavailable",
      `Segment ${seq} of the run ${run_id} lies in a bucket, and none is set.`,
      {
        hint: "Start the server with the --traces that it was stored with.",
      },
    );
  },
};

/**
 * The bytes of segments in their order, wherever they lie: what was stored before there was a bucket stays readable.
 *
 * @throws FangsError as `Traces.get`
 */
export async function readSegments(traces: Traces, segments: readonly StoredSegment[]): Promise<Uint8Array[]> {
  const read: Uint8Array[] = [];
  for (let at = 0; at < segments.length; at += AT_ONCE) {
    const some = segments.slice(at, at + AT_ONCE);
    read.push(...(await Promise.all(some.map((segment) => segment.data ?? traces.get(segment)))));
  }
  return read;
}
