/** Trace segments: zstd blobs by run and number, as the runner sent them. */
import type { Database } from "./open.ts";
import type { SegmentRow } from "./schema.ts";

/** Stores a segment once. Answers what is there: `stored` now, the `same` already, or a `different` one. */
export async function insertSegment(db: Database, segment: SegmentRow): Promise<"stored" | "same" | "different"> {
  return db.hot((raw) => {
    const { changes } = raw
      .query(
        "insert into trace_segment (run_id, seq, sha256, events, data) values (?, ?, ?, ?, ?) on conflict do nothing",
      )
      .run(segment.run_id, segment.seq, segment.sha256, segment.events, segment.data);
    if (changes === 1) return "stored";
    const there = raw
      .query<{ sha256: string }, [string, number]>("select sha256 from trace_segment where run_id = ? and seq = ?")
      .get(segment.run_id, segment.seq);
    return there?.sha256 === segment.sha256 ? "same" : "different";
  });
}

/** One segment as stored. */
export async function getSegment(db: Database, runId: string, seq: number): Promise<Uint8Array | undefined> {
  return db.hot(
    (raw) =>
      raw
        .query<{ data: Uint8Array }, [string, number]>("select data from trace_segment where run_id = ? and seq = ?")
        .get(runId, seq)?.data,
  );
}

/** All segments of a run in order, as stored. */
export async function listSegments(db: Database, runId: string): Promise<Uint8Array[]> {
  return db.hot((raw) =>
    raw
      .query<{ data: Uint8Array }, [string]>("select data from trace_segment where run_id = ? order by seq")
      .all(runId)
      .map((row) => row.data),
  );
}

/** The numbers of the stored segments, in order, and the sum of their events. */
export async function segmentNumbers(db: Database, runId: string): Promise<{ numbers: number[]; events: number }> {
  return db.hot((raw) => {
    const rows = raw
      .query<{ seq: number; events: number }, [string]>(
        "select seq, events from trace_segment where run_id = ? order by seq",
      )
      .all(runId);
    return { numbers: rows.map((row) => row.seq), events: rows.reduce((sum, row) => sum + row.events, 0) };
  });
}

export async function deleteSegments(db: Database, runId: string): Promise<void> {
  await db.query.deleteFrom("trace_segment").where("run_id", "=", runId).execute();
}
