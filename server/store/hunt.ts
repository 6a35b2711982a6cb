/** What hunting asks of the store: values in the order of an index, and who showed them. */
import { type RawBuilder, sql } from "kysely";
import type { Database } from "./open.ts";

/** Characters of a beginning that are looked up: no index has more of them in Postgres. */
export const BEGINNING = 500;

/** A stretch of the values of one category, read from their front or from behind, in the order of that index. */
export interface Stretch {
  category: string;
  end: "front" | "back";
  /** What the values begin with, read from that end; at most `BEGINNING` characters. */
  beginning: string;
  /** What they contain besides. */
  text: string;
}

/** A place in a stretch: the last value that was looked at. */
export interface Place {
  key: string;
  id: number;
}

export interface Candidate extends Place {
  value: string;
}

/** A behaviour in one package, by number. `first` and `last` are numbers of runs. */
export interface Group {
  value: number;
  package: number;
  actor: number;
  runs: number;
  first: number;
  last: number;
}

export interface GroupFilter {
  package?: number | undefined;
  /** An actor, or what the names of several begin with. */
  actor?: { name: string } | { beginning: string } | undefined;
  /** Only what a run with this number or a higher one showed. */
  since?: number | undefined;
  /** Groups behind this one. */
  after?: { package: number; actor: number } | undefined;
}

/** Every category that a value was ever stored under, also of a later fangs. */
export async function listCategories(db: Database): Promise<string[]> {
  const categories: string[] = [];
  for (let after = ""; ;) {
    const next = await db.query
      .selectFrom("known_value")
      .select("category")
      .where("category", ">", after)
      .orderBy("category")
      .limit(1)
      .executeTakeFirst();
    if (next === undefined) return categories;
    categories.push((after = next.category));
  }
}

/**
 * The values of a stretch behind a place, out of the next `window` ones there; `next` is where the following window
 * begins, null at the end. The text is looked for by SQL, which may disregard the case of letters: the caller looks again.
 */
export async function readWindow(
  db: Database,
  { category, end, beginning, text }: Stretch,
  after: Place | undefined,
  window: number,
): Promise<{ candidates: Candidate[]; next: Place | null }> {
  const key = keyOf(db, end);
  let from = db.query.selectFrom("known_value").where("category", "=", category);
  if (beginning !== "") from = from.where(sql<boolean>`${key} >= ${beginning} and ${key} < ${beginning + LAST}`);
  if (after !== undefined) from = from.where(sql<boolean>`(${key}, id) > (${after.key}, ${after.id})`);
  const ordered = from.orderBy(key).orderBy("id");
  if (text === "") {
    const candidates = await ordered
      .select([key.as("key"), "id", "value"])
      .limit(window)
      .execute();
    return { candidates, next: candidates.length < window ? null : (candidates.at(-1) ?? null) };
  }
  // Where the window ends is read first: so a text that is rare does not make the query read on to the end.
  const border = await ordered
    .select([key.as("key"), "id"])
    .offset(window - 1)
    .limit(1)
    .executeTakeFirst();
  let read = ordered.select([key.as("key"), "id", "value"]).where(contains(text));
  if (border !== undefined) read = read.where(sql<boolean>`(${key}, id) <= (${border.key}, ${border.id})`);
  return { candidates: await read.execute(), next: border ?? null };
}

/** One value; undefined where no run ever showed it. */
export async function findValue(db: Database, category: string, value: string): Promise<Candidate | undefined> {
  const [row] = await db.rows<{ id: number }>(
    `select id from known_value where category = $1 and ${db.traits.sameValue("$2")}`,
    [category, value],
  );
  return row && { id: row.id, key: value, value };
}

/** The value at a place. */
export async function valueAt(db: Database, { key, id }: Place): Promise<Candidate | undefined> {
  const row = await db.query.selectFrom("known_value").select("value").where("id", "=", id).executeTakeFirst();
  return row && { id, key, value: row.value };
}

/** In which packages values were seen and by whom: by value, package, actor, at most `limit`. */
export async function listGroups(
  db: Database,
  values: readonly number[],
  filter: GroupFilter,
  limit: number,
): Promise<Group[]> {
  let select = db.query
    .selectFrom("behaviour")
    .select(["value", "package", "actor", "runs", "first_run as first", "last_run as last"])
    .where("value", "in", values)
    .orderBy("value")
    .orderBy("package")
    .orderBy("actor")
    .limit(limit);
  if (filter.package !== undefined) select = select.where("package", "=", filter.package);
  const { actor, after, since } = filter;
  if (actor !== undefined) select = select.where("actor", "in", namesLike(db, actor));
  if (after !== undefined) {
    select = select.where(sql<boolean>`(package, actor) > (${after.package}, ${after.actor})`);
  }
  if (since !== undefined) select = select.where("last_run", ">=", since);
  return select.execute();
}

/** Of a group with more runs, the versions of the last ones are listed. */
const VERSION_RUNS = 50;

/** The versions of the last runs of a group, the one that ran last first. */
export async function listVersionsOf(
  db: Database,
  { value, package: owner, actor, first, last }: Group,
): Promise<string[]> {
  const rows = await db.rows<{ version: string }>(
    `select n.version from run_number n join sighting s on s.run = n.number and s.value = $1 and s.actor = $2
     where n.package = (select name from known_name where id = $3) and n.number between $4 and $5
     order by n.number desc limit ${VERSION_RUNS}`,
    [value, actor, owner, first, last],
  );
  return [...new Set(rows.map(({ version }) => version))];
}

/** Runs by their numbers. */
export async function readRuns(
  db: Database,
  numbers: readonly number[],
): Promise<Map<number, { run_id: string; version: string; at: number }>> {
  if (numbers.length === 0) return new Map();
  const rows = await db.query
    .selectFrom("run_number")
    .select(["number", "run_id", "version", "at"])
    .where("number", "in", [...new Set(numbers)])
    .execute();
  return new Map(rows.map(({ number, ...run }) => [number, run]));
}

/** Names by their numbers. */
export async function readNames(db: Database, ids: readonly number[]): Promise<Map<number, string>> {
  if (ids.length === 0) return new Map();
  const rows = await db.query
    .selectFrom("known_name")
    .select(["id", "name"])
    .where("id", "in", [...new Set(ids)])
    .execute();
  return new Map(rows.map(({ id, name }) => [id, name]));
}

/** The number of a name; undefined where no fingerprint has it. */
export async function findName(db: Database, name: string): Promise<number | undefined> {
  const row = await db.query.selectFrom("known_name").select("id").where("name", "=", name).executeTakeFirst();
  return row?.id;
}

/** The number of the first run that was analysed at a moment or later; undefined: there is none. */
export async function firstSince(db: Database, at: number): Promise<number | undefined> {
  const row = await db.query
    .selectFrom("run_number")
    .select(({ fn }) => fn.min<number | null>("number").as("number"))
    .where("at", ">=", at)
    .executeTakeFirst();
  return row?.number ?? undefined;
}

// --- internal ---

/** Sorts behind every character. */
const LAST = "\u{10ffff}";

/** What the index has in order. In Postgres its rows are bounded, so it has the first characters only. */
function keyOf({ traits }: Database, end: Stretch["end"]): RawBuilder<string> {
  const column = sql.ref<string>(end === "front" ? "value" : "reversed");
  return traits.name === "postgres" ? sql<string>`left(${column}, ${sql.lit(BEGINNING)})` : column;
}

function namesLike({ query }: Database, actor: NonNullable<GroupFilter["actor"]>) {
  const names = query.selectFrom("known_name").select("id");
  if ("name" in actor) return names.where("name", "=", actor.name);
  return names.where("name", ">=", actor.beginning).where("name", "<", actor.beginning + LAST);
}

/** LIKE's own wildcards in the text stand for themselves. */
function contains(text: string): RawBuilder<boolean> {
  return sql<boolean>`value like ${`%${text.replace(/[\\%_]/g, "\\$&")}%`} escape '\\'`;
}
