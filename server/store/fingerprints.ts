/** The fingerprints of each run, as rows: what diff, rarity and hunting ask. */
import { CATEGORIES, type Category, type Fingerprint } from "../../protocol/facts.ts";
import { together } from "./together.ts";
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
  const actors = [...new Set(fingerprints.map(({ actor }) => actor))];
  const [number, [owner, ...ids], values] = await together(
    numberOfRun(db, run, now),
    db.numbersOf("known_name", [[run.package], ...actors.map((actor) => [actor])]),
    db.numbersOf(
      "known_value",
      fingerprints.map(({ category, value }) => [category, value]),
      ([, value = ""]) => ({ reversed: reverse(value) }),
    ),
  );
  const idOf = new Map(actors.map((actor, i) => [actor, ids[i]]));
  const seen = fingerprints.map(({ actor }, i) => ({ value: values[i]!, actor: idOf.get(actor)! }));
  await together(
    db.insertMany(
      "sighting",
      fingerprints.map(({ count, first }, i) => ({ run: number, ...seen[i]!, count, first_event: first })),
    ),
    db.insertMany(
      "behaviour",
      seen.map((one) => ({ package: owner!, ...one, runs: 1, first_run: number, last_run: number })),
      SEEN_AGAIN,
    ),
  );
}

/** Whether this fangs knows the category of a stored behaviour. */
export function isCategory(name: string): name is Category {
  return Object.hasOwn(CATEGORIES, name);
}

/** Takes back what a run showed; meant for the transaction in which it goes, or is analysed anew. */
export async function deleteFingerprints(db: Database, runId: string): Promise<void> {
  const [run] = await db.rows<{ number: number; name: string; package: number }>(
    `select n.number, n.package as name, k.id as package from run_number n join known_name k on k.name = n.package
     where n.run_id = $1`,
    [runId],
  );
  if (run === undefined) return;
  const { number, name, package: owner } = run;
  const shown = "package = $1 and (value, actor) in (select value, actor from sighting where run = $2)";
  await db.run(`update behaviour set runs = runs - 1 where ${shown}`, [owner, number]);
  await db.run(`delete from behaviour where ${shown} and runs = 0`, [owner, number]);
  await db.run("delete from sighting where run = $1", [number]);
  for (const [column, order] of [
    ["first_run", "asc"],
    ["last_run", "desc"],
  ]) {
    await db.run(
      `update behaviour set ${column} = (
         select n.number from run_number n join sighting s on s.run = n.number
         where n.package = $3 and s.value = behaviour.value and s.actor = behaviour.actor
         order by n.number ${order} limit 1
       ) where package = $1 and ${column} = $2`,
      [owner, number, name],
    );
  }
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

/** One that is analysed anew keeps its number and its moment. */
async function numberOfRun(
  db: Database,
  { id, version, package: name }: { id: string; package: string; version: string },
  now: number,
): Promise<number> {
  const [row] = await db.rows<{ number: number }>(
    `insert into run_number (run_id, at, version, package) values ($1, $2, $3, $4)
     on conflict (run_id) do update set version = excluded.version returning number`,
    [id, now, version, name],
  );
  if (row === undefined) throw new Error("a run without a number");
  return row.number;
}

/** A run that is analysed anew keeps its number, so the last one is not always the highest. */
const SEEN_AGAIN = `on conflict (package, value, actor) do update set
  runs = behaviour.runs + 1,
  first_run = case when excluded.first_run < behaviour.first_run then excluded.first_run else behaviour.first_run end,
  last_run = case when excluded.last_run > behaviour.last_run then excluded.last_run else behaviour.last_run end`;
