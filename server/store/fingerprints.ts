/** The fingerprints of each run, as rows: what diff, rarity and hunting ask. */
import { CATEGORIES, type Category, type Fingerprint } from "../../protocol/facts.ts";
import type { Database } from "./open.ts";

export interface StoredFingerprint extends Omit<Fingerprint, "category"> {
  /** A name of protocol/facts.ts, or one that a later or earlier fangs knew. */
  category: string;
}

/** Inserts the fingerprints of a run that is analysed now; meant for a transaction. */
export async function insertFingerprints(
  db: Database,
  run: { id: string; package: string; version: string },
  fingerprints: readonly Fingerprint[],
  now: number,
): Promise<void> {
  const [number] = await db.numbersOf("run_number", [[run.id]], () => ({ at: now, version: run.version }));
  const actors = [...new Set(fingerprints.map(({ actor }) => actor))];
  const [owner, ...ids] = await db.numbersOf("known_name", [[run.package], ...actors.map((actor) => [actor])]);
  const idOf = new Map(actors.map((actor, i) => [actor, ids[i]]));
  const values = await db.numbersOf(
    "known_value",
    fingerprints.map(({ category, value }) => [category, value]),
    ([, value = ""]) => ({ reversed: reverse(value) }),
  );
  await db.insertMany(
    "sighting",
    fingerprints.map(({ actor, count, first }, i) => {
      const row = { run: number!, value: values[i]!, actor: idOf.get(actor)!, package: owner! };
      return { ...row, count, first_event: first };
    }),
  );
}

/** Whether this fangs knows the category of a stored behaviour. */
export function isCategory(name: string): name is Category {
  return Object.hasOwn(CATEGORIES, name);
}

export async function deleteFingerprints(db: Database, runId: string): Promise<void> {
  await db.query
    .deleteFrom("sighting")
    .where("run", "in", ({ selectFrom }) => selectFrom("run_number").select("number").where("run_id", "=", runId))
    .execute();
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

/** The characters of a text from the last to the first, as known_value keeps them beside each value. */
export function reverse(text: string): string {
  return [...text].reverse().join("");
}
