/** What runs did that was new and allowed, each with a copy of the entry that allowed it. */
import type { Fingerprint } from "../../protocol/facts.ts";
import { AllowEntry, type AllowedBehaviour } from "../../protocol/models.ts";
import { findAllowing } from "../analysis/allow.ts";
import { fromJson } from "./json.ts";
import type { Database } from "./open.ts";

/** Most that is shown of a run. */
const SHOWN = 1000;

/** Keeps what a run did that was allowed, each with the first of the entries that allows it. */
export async function insertAllowed(
  db: Database,
  runId: string,
  allowed: readonly Fingerprint[],
  entries: readonly AllowEntry[],
): Promise<void> {
  await db.hot((raw) => {
    const insert = raw.query(
      "insert into allowed (run_id, actor, category, value, count, rule) values (?, ?, ?, ?, ?, ?)",
    );
    for (const behaviour of allowed) {
      const { actor, category, value, count } = behaviour;
      const rule = findAllowing(entries, behaviour);
      if (rule !== undefined) insert.run(runId, actor, category, value, count, JSON.stringify(rule));
    }
  });
}

export async function deleteAllowed(db: Database, runId: string): Promise<void> {
  await db.query.deleteFrom("allowed").where("run_id", "=", runId).execute();
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
