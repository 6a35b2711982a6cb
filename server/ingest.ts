/** Taking in trace segments. */
import { FangsError } from "../protocol/errors.ts";
import type { SegmentReceipt } from "../protocol/requests.ts";
import { holdLease, leaseLost } from "./queue.ts";
import { countRecords, decompressSegment } from "./segment.ts";
import type { Services } from "./services.ts";
import { insertSegment, listSegments } from "./store/traces.ts";
import { readSegments } from "./traces/traces.ts";

export interface Upload {
  runId: string;
  lease: string;
  seq: number;
  /** Hex sha256 of the compressed bytes. */
  sha256: string;
  compressed: Uint8Array;
}

/**
 * Checks and stores one segment. The same one again changes nothing.
 *
 * @throws FangsError lease_lost, trace_corrupt, segment_mismatch, bucket_unavailable, bucket_refused
 */
export async function receiveSegment(services: Services, upload: Upload): Promise<SegmentReceipt> {
  const { runId, lease, seq, compressed } = upload;
  const sha256 = upload.sha256.toLowerCase();
  // Nothing is written elsewhere for who does not hold the run; what is written here looks at that itself.
  if (services.traces.objects !== undefined) await holdLease(services.db, runId, lease);
  if (new Bun.CryptoHasher("sha256").update(compressed).digest("hex") !== sha256) {
    throw new FangsError("trace_corrupt", "The segment does not match its sha256.", {
      hint: "It was altered on its way; send it again.",
    });
  }
  const records = decompressSegment(compressed);
  const counts = countRecords(records);
  const events = counts.values().reduce((sum, count) => sum + count, 0);

  const size = compressed.length;
  const data = await services.traces.put({ run_id: runId, seq, sha256, bytes: compressed });
  const outcome = await insertSegment(services.db, { run_id: runId, seq, sha256, events, size, data }, lease);
  if (outcome === "lost") throw leaseLost(runId);
  if (outcome === "different") {
    throw new FangsError(
      "segment_mismatch",
      `Segment ${seq} of the run ${runId} is stored already, with other bytes.`,
      {
        hint: "A runner numbers the segments of a run from 0 and never reuses a number.",
      },
    );
  }
  if (outcome === "stored") {
    services.fresh.keep(runId, lease, seq, records);
    for (const [type, count] of counts) services.metrics.events.inc({ type }, count);
  }
  return { events, stored: outcome === "stored" };
}

/**
 * The decompressed segments of a run in order.
 *
 * @throws FangsError trace_corrupt, trace_missing, bucket_unavailable, bucket_refused
 */
export async function readTrace({ db, traces }: Pick<Services, "db" | "traces">, runId: string): Promise<Uint8Array[]> {
  return (await readSegments(traces, await listSegments(db, runId))).map(decompressSegment);
}
