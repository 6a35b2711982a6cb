/** Runs of which the bucket may hold objects without a row, and what is known of runs that it holds objects of. */
import type { RunState } from "../../protocol/models.ts";
import type { Database } from "./open.ts";

export async function listLeftovers(db: Database, after: string, limit: number): Promise<string[]> {
  const rows = await db.query
    .selectFrom("trace_leftover")
    .select("run_id")
    .where("run_id", ">", after)
    .orderBy("run_id")
    .limit(limit)
    .execute();
  return rows.map(({ run_id }) => run_id);
}

/** The states of those that there are. */
export async function runStates(db: Database, ids: readonly string[]): Promise<Map<string, RunState>> {
  const rows = await db.query.selectFrom("run").select(["id", "state"]).where("id", "in", ids).execute();
  return new Map(rows.map(({ id, state }) => [id, state]));
}

export async function segmentsOfRuns(
  db: Database,
  ids: readonly string[],
): Promise<{ run_id: string; seq: number; sha256: string }[]> {
  return db.query.selectFrom("trace_segment").select(["run_id", "seq", "sha256"]).where("run_id", "in", ids).execute();
}
