/** Runs as their analysis reads them: with their result, and what their release's documents say. */
import { sql } from "kysely";
import { ReleaseMeta, type RunDetail, RunResult } from "../../protocol/models.ts";
import { listAllowed } from "./allowed.ts";
import { missing } from "./ids.ts";
import { fromJson } from "./json.ts";
import type { Database } from "./open.ts";
import { prepared } from "./prepared.ts";
import { selectRuns } from "./runs.ts";
import type { RunRow } from "./schema.ts";

/** Who was let through by the allow-list is no part of it. */
export type JudgedRun = Omit<RunDetail, "allowed"> & Pick<RunRow, "lease">;

/** A run as its analysis needs it; undefined: no such run. */
export async function getJudged(db: Database, id: string): Promise<JudgedRun | undefined> {
  const [row] = await judgedById(db, id);
  return row && parsed(row);
}

/** What is known of a run whose result arrives: its segments, and the versions that built its package's baseline. */
export interface Arriving {
  run: JudgedRun;
  segments: { numbers: number[]; events: number; bytes: number };
  accepted: string[];
}

/** A run whose result arrives, made with a major of Node.js; undefined: no such run. */
export async function getArriving(db: Database, id: string, nodeMajor: number): Promise<Arriving | undefined> {
  const [row] = await arrivingById(db, nodeMajor, id);
  if (row === undefined) return undefined;
  const { numbers, segment_events, segment_bytes, accepted, ...run } = row;
  return {
    run: parsed(run),
    segments: { numbers: split(numbers).map(Number), events: segment_events ?? 0, bytes: segment_bytes ?? 0 },
    accepted: split(accepted),
  };
}

/** @throws FangsError not_found */
export async function getRunDetail(db: Database, id: string): Promise<RunDetail> {
  const judged = await getJudged(db, id);
  if (judged === undefined) throw missing("run", id);
  // Who knows the lease may write to the run.
  const { lease: _, ...run } = judged;
  return { ...run, allowed: await listAllowed(db, id) };
}

// --- internal ---

const judgedById = prepared((query, id: string) => selectJudged({ query }).where("id", "=", id));
const arrivingById = prepared((query, nodeMajor: number, id: string) =>
  selectJudged({ query })
    .select(({ selectFrom }) => [
      selectFrom("trace_segment")
        .select(sql<string | null>`string_agg(cast(seq as text), ' ')`.as("n"))
        .whereRef("run_id", "=", "run.id")
        .as("numbers"),
      selectFrom("trace_segment")
        .select(({ fn }) => fn.sum<number | null>("events").as("n"))
        .whereRef("run_id", "=", "run.id")
        .as("segment_events"),
      selectFrom("trace_segment")
        .select(({ fn }) => fn.sum<number | null>("size").as("n"))
        .whereRef("run_id", "=", "run.id")
        .as("segment_bytes"),
      selectFrom("baseline_version")
        .select(sql<string | null>`string_agg(version, ' ')`.as("n"))
        .whereRef("package", "=", "run.package")
        .where("node_major", "=", nodeMajor)
        .as("accepted"),
    ])
    .where("id", "=", id),
);

function selectJudged(db: Pick<Database, "query">) {
  return selectRuns(db).select(["lease", "result", "rules", "release", "trace_bytes", "trace_pruned_at"]);
}

function parsed<Row extends Pick<RunRow, "result" | "release">>(row: Row) {
  return {
    ...row,
    result: row.result === null ? null : fromJson(RunResult, row.result),
    release: row.release === null ? null : fromJson(ReleaseMeta, row.release),
  };
}

/** What was joined by spaces; null: nothing was. */
function split(joined: string | null): string[] {
  return joined === null ? [] : joined.split(" ");
}
