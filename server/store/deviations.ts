/** Deviations, each with its own copy of the evidence. */
import { type Deviation, Evidence } from "../../protocol/models.ts";
import type { DeviationPage, DeviationQuery } from "../../protocol/requests.ts";
import type { NewDeviation } from "../analysis/types.ts";
import { missing, newId } from "./ids.ts";
import { fromJson } from "./json.ts";
import type { Database } from "./open.ts";
import type { DeviationRow } from "./schema.ts";

/** Inserts what analysis found in a run, all open. */
export async function insertDeviations(
  db: Database,
  run: { id: string; package: string; version: string },
  deviations: readonly NewDeviation[],
  now: number,
): Promise<void> {
  for (const { evidence, drift, ...deviation } of deviations) {
    await db.query
      .insertInto("deviation")
      .values({
        id: newId(),
        run_id: run.id,
        package: run.package,
        version: run.version,
        ...deviation,
        drift: drift ? 1 : 0,
        state: "open",
        evidence: JSON.stringify(evidence),
        created_at: now,
      })
      .execute();
  }
}

/** @throws FangsError not_found */
export async function getDeviation(db: Database, id: string): Promise<Deviation> {
  const row = await db.query.selectFrom("deviation").selectAll().where("id", "=", id).executeTakeFirst();
  if (row === undefined) throw missing("deviation", id);
  return fromRow(row);
}

/** Newest first. `run` and `before` are full ids. */
export async function listDeviations(db: Database, query: DeviationQuery, defaultLimit = 100): Promise<DeviationPage> {
  const limit = query.limit ?? defaultLimit;
  let select = db.query
    .selectFrom("deviation")
    .selectAll()
    .orderBy("id", "desc")
    .limit(limit + 1);
  if (query.run !== undefined) select = select.where("run_id", "=", query.run);
  if (query.package !== undefined) select = select.where("package", "=", query.package);
  if (query.state !== undefined) select = select.where("state", "=", query.state);
  if (query.severity !== undefined) select = select.where("severity", "=", query.severity);
  if (query.before !== undefined) select = select.where("id", "<", query.before);
  const rows = await select.execute();
  const deviations = rows.slice(0, limit).map(fromRow);
  return { deviations, next: rows.length > limit ? (deviations.at(-1)?.id ?? null) : null };
}

/** Turns the open deviations of a run into promoted ones and answers with them. */
export async function promoteOpen(db: Database, runId: string): Promise<DeviationRow[]> {
  return db.query
    .updateTable("deviation")
    .set({ state: "promoted" })
    .where("run_id", "=", runId)
    .where("state", "=", "open")
    .returningAll()
    .execute();
}

/** All deviations of a run, whatever their state. */
export async function listDeviationsOfRun(db: Database, runId: string): Promise<Deviation[]> {
  const rows = await db.query.selectFrom("deviation").selectAll().where("run_id", "=", runId).orderBy("id").execute();
  return rows.map(fromRow);
}

/** What later rules say of a deviation that is stored already. */
export async function updateDeviation(
  db: Database,
  id: string,
  changes: Partial<Pick<DeviationRow, "value" | "severity" | "state" | "chain" | "step" | "drift">>,
): Promise<void> {
  await db.query.updateTable("deviation").set(changes).where("id", "=", id).execute();
}

// --- internal ---

function fromRow(row: DeviationRow): Deviation {
  return { ...row, drift: row.drift === 1, evidence: fromJson(Evidence, row.evidence) };
}
