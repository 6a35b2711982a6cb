/** Trace segments by run and number: what is known of them, and their bytes where these are not in a bucket. */
import type { Database } from "./open.ts";
import { HELD_STATES } from "./runs.ts";
import type { SegmentRow } from "./schema.ts";

/** What it takes to find the bytes of a segment and to check them. */
export type StoredSegment = Pick<SegmentRow, "run_id" | "seq" | "sha256" | "data">;

/**
 * Stores a segment once, of a run that this lease holds. Answers what is there: `stored` now, the `same` already, or a
 * `different` one; `lost`: the lease holds no longer. One statement, so that it needs no transaction: whoever ends the
 * lease first waits for it, or it for them.
 */
export async function insertSegment(
  db: Database,
  segment: SegmentRow,
  lease: string,
): Promise<"stored" | "same" | "different" | "lost"> {
  const { run_id, seq, sha256, events, size, data } = segment;
  const changes = await db.run(
    `insert into trace_segment (run_id, seq, sha256, events, size, data) select id, $2, $3, $4, $5, $6 from run
     where id = $1 and lease = $7 and state in ${HELD_STATES} ${db.traits.forShare} on conflict do nothing`,
    [run_id, seq, sha256, events, size, data, lease],
  );
  if (changes === 1) return "stored";
  const [there] = await db.rows<{ sha256: string | null }>(
    `select s.sha256 from run r left join trace_segment s on s.run_id = r.id and s.seq = $2
     where r.id = $1 and r.lease = $3 and r.state in ${HELD_STATES}`,
    [run_id, seq, lease],
  );
  if (there === undefined) return "lost";
  return there.sha256 === sha256 ? "same" : "different";
}

/** One segment. */
export async function getSegment(db: Database, runId: string, seq: number): Promise<StoredSegment | undefined> {
  const [row] = await db.rows<StoredSegment>(
    "select run_id, seq, sha256, data from trace_segment where run_id = $1 and seq = $2",
    [runId, seq],
  );
  return row;
}

/** All segments of a run in order. */
export async function listSegments(db: Database, runId: string): Promise<StoredSegment[]> {
  return db.rows<StoredSegment>("select run_id, seq, sha256, data from trace_segment where run_id = $1 order by seq", [
    runId,
  ]);
}

/** The numbers of the stored segments, in order, and the sums of their events and bytes. */
export async function segmentNumbers(
  db: Database,
  runId: string,
): Promise<{ numbers: number[]; events: number; bytes: number }> {
  const rows = await db.rows<{ seq: number; events: number; size: number }>(
    "select seq, events, size from trace_segment where run_id = $1 order by seq",
    [runId],
  );
  const sum = { numbers: rows.map((row) => row.seq), events: 0, bytes: 0 };
  for (const { events, size } of rows) {
    sum.events += events;
    sum.bytes += size;
  }
  return sum;
}

/** Forgets all segments of a run. Objects that some of them have are left to the sweep: the bucket may be down. */
export async function deleteSegments(db: Database, runId: string): Promise<void> {
  await leaveObjects(db, runId);
  await db.query.deleteFrom("trace_segment").where("run_id", "=", runId).execute();
}

/** Notes that a run whose rows go may leave objects; meant for the transaction in which they go. */
export async function leaveObjects(db: Database, runId: string): Promise<void> {
  await db.run(
    `insert into trace_leftover (run_id) select $1 where exists (select 1 from trace_segment where run_id = $1 and data is null)
     on conflict do nothing`,
    [runId],
  );
}
