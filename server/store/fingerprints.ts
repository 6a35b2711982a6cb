/** The fingerprints of each run, as rows: what diff, rarity and hunting ask. */
import { CATEGORIES, type Category, type Fingerprint } from "../../protocol/facts.ts";
import { together } from "./together.ts";
import type { Database } from "./open.ts";

export interface StoredFingerprint extends Omit<Fingerprint, "category"> {
  /** A name of protocol/facts.ts, or one that a later or earlier fangs knew. */
  category: string;
}

/** A run that shows something, and on which major of Node.js; null: that is not known. */
export interface AnalysedRun {
  id: string;
  package: string;
  version: string;
  node_major: number | null;
}

/** Inserts the fingerprints of a run that is analysed now; meant for a transaction. */
export async function insertFingerprints(
  db: Database,
  run: AnalysedRun,
  fingerprints: readonly Fingerprint[],
  now: number,
): Promise<void> {
  if (db.traits.writesInWith && (await insertKnown(db, run, fingerprints, now))) return;
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
const NUMBER = `insert into run_number (run_id, at, version, package, node_major) values ($1, $2, $3, $4, $5)
  on conflict (run_id) do update set version = excluded.version, node_major = excluded.node_major`;

function numbered({ id, version, package: name, node_major }: AnalysedRun, now: number) {
  return [id, now, version, name, node_major];
}

/** A run that is analysed anew keeps its number, so the last one is not always the highest. */
const SEEN_AGAIN = `on conflict (package, value, actor) do update set
  runs = behaviour.runs + 1,
  first_run = case when excluded.first_run < behaviour.first_run then excluded.first_run else behaviour.first_run end,
  last_run = case when excluded.last_run > behaviour.last_run then excluded.last_run else behaviour.last_run end`;

const INSERT_KNOWN = `with number as (${NUMBER} returning number),
  shown as materialized (
    select p.id as package, v.id as value, a.id as actor, w.count, w.first
    from unnest($6::text[], $7::text[], $8::text[], $9::bigint[], $10::bigint[]) as w (actor, category, value, count, first)
    join known_value v on v.category = w.category and md5(v.value) = md5(w.value) and v.value = w.value
    join known_name a on a.name = w.actor join known_name p on p.name = $4
  ),
  whole as (select 1 from shown having count(*) = $11),
  seen as (insert into sighting (run, value, actor, count, first_event)
    select number, value, actor, count, first from shown, number, whole)
  insert into behaviour (package, value, actor, runs, first_run, last_run)
  select package, value, actor, 1, number, number from shown, number, whole ${SEEN_AGAIN}`;

/** The same by one statement where nobody has to be numbered: most runs show what others did. False: somebody has. */
async function insertKnown(
  db: Database,
  run: AnalysedRun,
  fingerprints: readonly Fingerprint[],
  now: number,
): Promise<boolean> {
  if (fingerprints.length === 0) return false;
  const columns = (["actor", "category", "value", "count", "first"] as const).map((column) =>
    fingerprints.map((one) => one[column]),
  );
  return (await db.run(INSERT_KNOWN, [...numbered(run, now), ...columns, fingerprints.length])) > 0;
}

async function numberOfRun(db: Database, run: AnalysedRun, now: number): Promise<number> {
  const [row] = await db.rows<{ number: number }>(`${NUMBER} returning number`, numbered(run, now));
  if (row === undefined) throw new Error("a run without a number");
  return row.number;
}
