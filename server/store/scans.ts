/** Requests to examine a release. */
import type { Scan } from "../../protocol/models.ts";
import { missing, newId } from "./ids.ts";
import type { Database } from "./open.ts";
import { prepared } from "./prepared.ts";
import { listRunsOfScan } from "./runs.ts";

export interface ScanRow {
  id: string;
  package: string;
  version: string;
  runner: string | null;
  /** Registry answers of its runs are as of this moment; null: as of when they run. */
  before: number | null;
  /** What its runner must have; null: anything will do. */
  node_major: number | null;
  image: string | null;
  created_at: number;
}

export async function insertScan(
  db: Database,
  scan: Omit<ScanRow, "id" | "node_major" | "image"> & Partial<ScanRow>,
): Promise<ScanRow> {
  const row = { id: newId(), node_major: null, image: null, ...scan };
  await db.query.insertInto("scan").values(row).execute();
  return row;
}

/** @throws FangsError not_found */
export async function getScanRow(db: Database, id: string): Promise<ScanRow> {
  const [row] = await scanById(db, id);
  if (row === undefined) throw missing("scan", id);
  return row;
}

/**
 * The scan with its runs, the newest last.
 *
 * @throws FangsError not_found
 */
export async function getScan(db: Database, id: string): Promise<Scan> {
  const { id: found, package: name, version, created_at } = await getScanRow(db, id);
  return { id: found, package: name, version, created_at, runs: await listRunsOfScan(db, id) };
}

// --- internal ---

const scanById = prepared((query, id: string) => query.selectFrom("scan").selectAll().where("id", "=", id));
