/** Requests to examine a release. */
import type { Scan } from "../../protocol/models.ts";
import { missing, newId } from "./ids.ts";
import type { Database } from "./open.ts";
import { listRunsOfScan } from "./runs.ts";

export interface ScanRow {
  id: string;
  package: string;
  version: string;
  runner: string | null;
  /** Registry answers of its runs are as of this moment; null: as of when they run. */
  before: number | null;
  created_at: number;
}

export async function insertScan(db: Database, scan: Omit<ScanRow, "id">): Promise<ScanRow> {
  const row = { id: newId(), ...scan };
  await db.query.insertInto("scan").values(row).execute();
  return row;
}

/** @throws FangsError not_found */
export async function getScanRow(db: Database, id: string): Promise<ScanRow> {
  const row = await db.query.selectFrom("scan").selectAll().where("id", "=", id).executeTakeFirst();
  if (row === undefined) throw missing("scan", id);
  return row;
}

/**
 * The scan with its runs, the newest last.
 *
 * @throws FangsError not_found
 */
export async function getScan(db: Database, id: string): Promise<Scan> {
  const { runner: _, before: __, ...scan } = await getScanRow(db, id);
  return { ...scan, runs: await listRunsOfScan(db, id) };
}
