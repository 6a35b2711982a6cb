/** The fingerprints of each run, as rows: what diff, rarity and hunting ask. */
import type { Database as Sqlite } from "bun:sqlite";
import { CATEGORIES, type Category, type Fingerprint } from "../../protocol/facts.ts";
import type { Database } from "./open.ts";

export interface StoredFingerprint extends Omit<Fingerprint, "category"> {
  /** A name of protocol/facts.ts, or one that a later or earlier fangs knew. */
  category: string;
}

/** Inserts the fingerprints of a run that is analysed now; meant for a transaction. */
export async function insertFingerprints(
  db: Database,
  run: { id: string; package: string },
  fingerprints: readonly Fingerprint[],
  now: number,
): Promise<void> {
  await db.hot((raw) => {
    const number = numberOfRun(raw, run.id, now);
    const owner = numberOfName(raw, run.package);
    const insert = raw.query(
      "insert into sighting (run, value, actor, package, count, first_event) values (?, ?, ?, ?, ?, ?)",
    );
    const actors = new Map<string, number>();
    for (const { actor, category, value, count, first } of fingerprints) {
      const by = actors.get(actor) ?? numberOfName(raw, actor);
      actors.set(actor, by);
      insert.run(number, numberOfValue(raw, category, value), by, owner, count, first);
    }
  });
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

// --- internal ---

function numberOfRun(raw: Sqlite, id: string, now: number): number {
  const known = raw.query<{ number: number }, [string]>("select number from run_number where run_id = ?").get(id);
  return (
    known?.number ?? Number(raw.query("insert into run_number (run_id, at) values (?, ?)").run(id, now).lastInsertRowid)
  );
}

function numberOfName(raw: Sqlite, name: string): number {
  const known = raw.query<{ id: number }, [string]>("select id from known_name where name = ?").get(name);
  return known?.id ?? Number(raw.query("insert into known_name (name) values (?)").run(name).lastInsertRowid);
}

function numberOfValue(raw: Sqlite, category: string, value: string): number {
  const known = raw
    .query<{ id: number }, [string, string]>("select id from known_value where category = ? and value = ?")
    .get(category, value);
  if (known !== null) return known.id;
  const insert = raw.query("insert into known_value (category, value, reversed) values (?, ?, ?)");
  return Number(insert.run(category, value, reverse(value)).lastInsertRowid);
}
