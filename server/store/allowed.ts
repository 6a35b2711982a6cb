/** What runs did that was new and allowed, each with a copy of the entry that allowed it. */
import { AllowEntry, type AllowedBehaviour } from "../../protocol/models.ts";
import { fromJson } from "./json.ts";
import type { Database } from "./open.ts";

/** Most that is shown of a run. */
const SHOWN = 1000;

export async function insertAllowed(db: Database, runId: string, allowed: readonly AllowedBehaviour[]): Promise<void> {
  await db.hot((raw) => {
    const insert = raw.query(
      "insert into allowed (run_id, actor, category, value, count, rule) values (?, ?, ?, ?, ?, ?)",
    );
    for (const { actor, category, value, count, rule } of allowed)
      insert.run(runId, actor, category, value, count, JSON.stringify(rule));
  });
}

/** By actor, category and value. */
export async function listAllowed(db: Database, runId: string): Promise<AllowedBehaviour[]> {
  const rows = await db.query
    .selectFrom("allowed")
    .select(["actor", "category", "value", "count", "rule"])
    .where("run_id", "=", runId)
    .limit(SHOWN)
    .execute();
  return rows.map((row) => ({ ...row, rule: fromJson(AllowEntry, row.rule) }));
}
