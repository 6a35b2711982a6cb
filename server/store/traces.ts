/** Trace segments: zstd blobs by run and number, as the runner sent them. */
import type { Database } from "./open.ts";
import type { SegmentRow } from "./schema.ts";

/** Stores a segment once. Answers what is there: `stored` now, the `same` already, or a `different` one. */
export async function insertSegment(db: Database, segment: SegmentRow): Promise<"stored" | "same" | "different"> {
  const changes = await db.run(
    "insert into trace_segment (run_id, seq, sha256, events, data) values ($1, $2, $3, $4, $5) on conflict do nothing",
    [segment.run_id, segment.seq, segment.sha256, segment.events, segment.data],
  );
  if (changes === 1) return "stored";
  const [there] = await db.rows<{ sha256: string }>("select sha256 from trace_segment where run_id = $1 and seq = $2", [
    segment.run_id,
    segment.seq,
  ]);
  return there?.sha256 === segment.sha256 ? "same" : "different";
}

/** One segment as stored. */
export async function getSegment(db: Database, runId: string, seq: number): Promise<Uint8Array | undefined> {
  const [row] = await db.rows<{ data: Uint8Array }>("select data from trace_segment where run_id = $1 and seq = $2", [
    runId,
    seq,
  ]);
  return row?.data;
}

/** All segments of a run in order, as stored. */
export async function listSegments(db: Database, runId: string): Promise<Uint8Array[]> {
  const rows = await db.rows<{ data: Uint8Array }>("select data from trace_segment where run_id = $1 order by seq", [
    runId,
  ]);
  return rows.map((row) => row.data);
}

/** The numbers of the stored segments, in order, and the sum of their events. */
export async function segmentNumbers(db: Database, runId: string): Promise<{ numbers: number[]; events: number }> {
  const rows = await db.rows<{ seq: number; events: number }>(
    "select seq, events from trace_segment where run_id = $1 order by seq",
    [runId],
  );
  return { numbers: rows.map((row) => row.seq), events: rows.reduce((sum, row) => sum + row.events, 0) };
}

export async function deleteSegments(db: Database, runId: string): Promise<void> {
  await db.query.deleteFrom("trace_segment").where("run_id", "=", runId).execute();
}
