/** What runs did that was new and allowed, each with a copy of the entry that allowed it. */
import { AllowEntry, type AllowedBehaviour } from "../../protocol/models.ts";
import type { AllowedFingerprint } from "../analysis/types.ts";
import { fromJson } from "./json.ts";
import type { Database } from "./open.ts";
import { prepared } from "./prepared.ts";

/** Most that is shown of a run. */
const SHOWN = 1000;

/** Keeps what a run did that was allowed, each with its entry of those that the analysis was given. */
export async function insertAllowed(
  db: Database,
  runId: string,
  allowed: readonly AllowedFingerprint[],
  entries: readonly AllowEntry[],
): Promise<void> {
  await db.insertMany(
    "allowed",
    allowed.map(({ actor, category, value, count, entry }) => {
      return { run_id: runId, actor, category, value, count, rule: JSON.stringify(entries[entry]) };
    }),
  );
}

export async function deleteAllowed(db: Database, runId: string): Promise<void> {
  await db.query.deleteFrom("allowed").where("run_id", "=", runId).execute();
}

/** By actor, category and value. */
export async function listAllowed(db: Database, runId: string): Promise<AllowedBehaviour[]> {
  return (await allowedOf(db, runId)).map((row) => ({ ...row, rule: fromJson(AllowEntry, row.rule) }));
}

// --- internal ---

const allowedOf = prepared((query, runId: string) =>
  query
    .selectFrom("allowed")
    .select(["actor", "category", "value", "count", "rule"])
    .where("run_id", "=", runId)
    .limit(SHOWN),
);
