/** The fingerprints of each run, as rows: what diff, rarity and hunting ask. */
import { CATEGORIES, type Category, type Fingerprint } from "../../protocol/facts.ts";
import type { Database } from "./open.ts";

export interface StoredFingerprint extends Omit<Fingerprint, "category"> {
  /** A name of protocol/facts.ts, or one that a later or earlier fangs knew. */
  category: string;
}

/** Inserts the fingerprints of a run; meant for a transaction. */
export async function insertFingerprints(
  db: Database,
  runId: string,
  fingerprints: readonly Fingerprint[],
): Promise<void> {
  await db.hot((raw) => {
    const insert = raw.query(
      "insert into fingerprint (run_id, actor, category, value, count, first_event) values (?, ?, ?, ?, ?, ?)",
    );
    for (const { actor, category, value, count, first } of fingerprints)
      insert.run(runId, actor, category, value, count, first);
  });
}

/** Whether this fangs knows the category of a stored behaviour. */
export function isCategory(name: string): name is Category {
  return Object.hasOwn(CATEGORIES, name);
}

export async function deleteFingerprints(db: Database, runId: string): Promise<void> {
  await db.query.deleteFrom("fingerprint").where("run_id", "=", runId).execute();
}

/** The fingerprints of a run in the order they were first seen. */
export async function listFingerprints(db: Database, runId: string): Promise<StoredFingerprint[]> {
  return db.query
    .selectFrom("fingerprint")
    .select(["actor", "category", "value", "count", "first_event as first"])
    .where("run_id", "=", runId)
    .orderBy("first_event")
    .execute();
}
