/** Deviations, each with its own copy of the evidence. */
import { sql } from "kysely";
import { type Deviation, Evidence } from "../../protocol/models.ts";
import type { DeviationPage, DeviationQuery } from "../../protocol/requests.ts";
import type { NewDeviation } from "../analysis/types.ts";
import { missing, newId } from "./ids.ts";
import { fromJson } from "./json.ts";
import type { Database } from "./open.ts";
import { otherPackages } from "./population.ts";
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
  const [deviation] = await complete(db, await selectDeviations(db).where("id", "=", id).execute());
  if (deviation === undefined) throw missing("deviation", id);
  return deviation;
}

/** Newest first. `run` and `before` are full ids. */
export async function listDeviations(db: Database, query: DeviationQuery, defaultLimit = 100): Promise<DeviationPage> {
  const limit = query.limit ?? defaultLimit;
  let select = selectDeviations(db)
    .orderBy("id", "desc")
    .limit(limit + 1);
  if (query.run !== undefined) select = select.where("run_id", "=", query.run);
  if (query.package !== undefined) select = select.where("package", "=", query.package);
  if (query.state !== undefined) select = select.where("state", "=", query.state);
  if (query.severity !== undefined) select = select.where("severity", "=", query.severity);
  if (query.before !== undefined) select = select.where("id", "<", query.before);
  const rows = await select.execute();
  const deviations = await complete(db, rows.slice(0, limit));
  return { deviations, next: rows.length > limit ? (deviations.at(-1)?.id ?? null) : null };
}

/** The deviations of a run, all or those in a state, in the order in which they were found. */
export async function deviationsOfRun(db: Database, runId: string, state?: Deviation["state"]): Promise<Deviation[]> {
  let select = selectDeviations(db).where("run_id", "=", runId).orderBy("id");
  if (state !== undefined) select = select.where("state", "=", state);
  return complete(db, await select.execute());
}

/** The behaviours of a package that were promoted. */
export async function listPromoted(
  db: Database,
  name: string,
): Promise<Pick<DeviationRow, "actor" | "category" | "value">[]> {
  return db.query
    .selectFrom("deviation")
    .select(["actor", "category", "value"])
    .where("package", "=", name)
    .where("state", "=", "promoted")
    .execute();
}

/** What is known better of a deviation that is stored already: what was decided, and what later rules say. */
export async function updateDeviation(
  db: Database,
  id: string,
  changes: Partial<Pick<DeviationRow, "value" | "severity" | "state" | "chain" | "step" | "drift">>,
): Promise<void> {
  await db.query.updateTable("deviation").set(changes).where("id", "=", id).execute();
}

// --- internal ---

function selectDeviations(db: Database) {
  return db.query
    .selectFrom("deviation")
    .selectAll()
    .select(({ selectFrom }) =>
      selectFrom("deviation as earlier")
        .select("earlier.id")
        // Written out and not bound: only so is the partial index deviation_rejected used.
        .where(sql<boolean>`earlier.state = 'rejected'`)
        .whereRef("earlier.package", "=", "deviation.package")
        .whereRef("earlier.category", "=", "deviation.category")
        .whereRef("earlier.value", "=", "deviation.value")
        .whereRef("earlier.actor", "=", "deviation.actor")
        .whereRef("earlier.id", "<", "deviation.id")
        .orderBy("earlier.id")
        .limit(1)
        .as("rejected_before"),
    );
}

type Row = DeviationRow & Pick<Deviation, "rejected_before">;

async function complete(db: Database, rows: readonly Row[]): Promise<Deviation[]> {
  const others = await otherPackages(db, rows);
  return rows.map((row, i) => ({
    ...row,
    drift: row.drift === 1,
    evidence: fromJson(Evidence, row.evidence),
    other_packages: others[i] ?? 0,
  }));
}
