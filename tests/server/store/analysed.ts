/** Runs with fingerprints, without an analysis. */
import type { Database } from "../../../server/store/open.ts";
import { insertRun } from "../../../server/store/runs.ts";
import { insertScan } from "../../../server/store/scans.ts";

export const FINGERPRINTS = [
  { actor: "import", category: "net_new_dns", value: "a.evil.example", count: 2, first: 3 },
  { actor: "script:ü", category: "fs_new_path_read", value: "<HOME>/naïve-🦊", count: 1, first: 9 },
] as const;

export async function aRun(db: Database, name: string): Promise<string> {
  const scan = await insertScan(db, { package: name, version: "1.0.0", runner: null, before: null, created_at: 5 });
  return insertRun(db, { scan_id: scan.id, package: name, version: "1.0.0", now: 5 });
}

/** All values that are known. */
export async function knownValues(db: Database): Promise<{ value: string; reversed: string }[]> {
  return db.query.selectFrom("known_value").select(["value", "reversed"]).orderBy("id").execute();
}
