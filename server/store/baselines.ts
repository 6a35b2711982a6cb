/** What a package is known to do: its accepted fingerprints and the versions that built them, per major of Node.js. */
import type { Baseline } from "../../protocol/models.ts";
import type { BaselineFingerprint } from "../analysis/types.ts";
import { isCategory } from "./fingerprints.ts";
import { timeOfId } from "./ids.ts";
import type { Database } from "./open.ts";
import { prepared } from "./prepared.ts";
import type { BaselineVersionRow } from "./schema.ts";

/** A version of a package, and the run that shows what it does. */
export interface Sighting {
  package: string;
  node_major: number;
  version: string;
  run_id: string;
}
/** The same where the run is not known: it was imported. */
export type Origin = Omit<Sighting, "run_id"> & { run_id: string | null };
export interface Behaviour {
  actor: string;
  category: string;
  value: string;
}

/** The accepted fingerprints without those that were ever rejected; null where there is no such baseline. */
export async function readBaseline(
  db: Database,
  name: string,
  nodeMajor: number,
): Promise<BaselineFingerprint[] | null> {
  const rows = await db.rows<Behaviour>(
    `select actor, category, value from baseline_entry b
     where package = $1 and node_major = $2 and ${NEVER_REJECTED} and exists (
       select 1 from baseline_version v where v.package = b.package and v.node_major = b.node_major)`,
    [name, nodeMajor],
  );
  // A version that did nothing makes a baseline, too.
  if (rows.length === 0 && !(await listNodeMajors(db, name)).includes(nodeMajor)) return null;
  return rows.filter((row): row is BaselineFingerprint => isCategory(row.category));
}

/**
 * The accepted fingerprints as they were when a run was judged, null where there were none: without what was accepted
 * since, what the run itself brought in, and what was ever rejected.
 */
export async function readBaselineOf(
  db: Database,
  run: { id: string; package: string; node_major: number; judged_at: number },
): Promise<BaselineFingerprint[] | null> {
  const version = await db.query
    .selectFrom("baseline_version")
    .select("version")
    .where("package", "=", run.package)
    .where("node_major", "=", run.node_major)
    .where(({ or, eb }) => or([eb("run_id", "is", null), eb("run_id", "!=", run.id)]))
    .where("added_at", "<", run.judged_at)
    .limit(1)
    .execute();
  if (version.length === 0) return null;
  const rows = await db.rows<Behaviour & { first_run: string | null; added_at: number | null }>(
    `select actor, category, value, first_run, v.added_at from baseline_entry b
     left join baseline_version v on v.package = b.package and v.node_major = b.node_major
       and v.version = b.first_version and v.run_id is not distinct from b.first_run
     where b.package = $1 and b.node_major = $2 and b.first_run is distinct from $3 and ${NEVER_REJECTED}`,
    [run.package, run.node_major, run.id],
  );
  return rows
    .filter(({ first_run, added_at }) => (added_at ?? (first_run ? timeOfId(first_run) : 0)) < run.judged_at)
    .map(({ actor, category, value }) => ({ actor, category, value }))
    .filter((row): row is BaselineFingerprint => isCategory(row.category));
}

/** The versions that built the baseline of a major of Node.js, the last accepted one first. */
export async function listVersions(
  db: Database,
  name: string,
  nodeMajor: number,
): Promise<Pick<BaselineVersionRow, "version" | "run_id" | "added_at">[]> {
  return versionsOf(db, name, nodeMajor);
}

/** The same without more. */
export async function acceptedVersions(db: Database, name: string, nodeMajor: number): Promise<string[]> {
  return (await listVersions(db, name, nodeMajor)).map((row) => row.version);
}

/** The majors of Node.js that a package has a baseline for, ascending. */
export async function listNodeMajors(db: Database, name: string): Promise<number[]> {
  return (await majorsOf(db, name)).map((row) => row.node_major);
}

/** The baseline for people, of the highest major if none is named; undefined where there is none. */
export async function getBaseline(db: Database, name: string, nodeMajor?: number): Promise<Baseline | undefined> {
  const majors = await listNodeMajors(db, name);
  const major = nodeMajor ?? majors.at(-1);
  if (major === undefined || !majors.includes(major)) return undefined;
  const rows = await db.query
    .selectFrom("baseline_version")
    .select("version")
    .where("package", "=", name)
    .where("node_major", "=", major)
    .execute();
  const versions = rows.map((row) => row.version).sort(Bun.semver.order);
  const entries = await db.query
    .selectFrom("baseline_entry")
    .select(["actor", "category", "value", "first_version", "first_run"])
    .where("package", "=", name)
    .where("node_major", "=", major)
    .orderBy("actor")
    .orderBy("category")
    .orderBy("value")
    .execute();
  const shown = await sightings(db, name, major);
  const last = await lastSightings(db, { name, nodeMajor: major, behaviours: entries });
  return {
    package: name,
    node_major: major,
    node_majors: majors,
    maturity: versions.length,
    versions,
    entries: entries.map((entry) => {
      const { first_version: version, first_run: run_id } = entry;
      const builders = shown.get(keyOf(entry)) ?? [];
      const latest = last.get(keyOf(entry)) ?? { version, run_id };
      // Of those that built the baseline, the highest version: seeds end in any order.
      const seen = builders.some((one) => one.run_id === latest.run_id) ? builders.at(-1)! : latest;
      const versions = builders.length === 0 && run_id !== null ? [version] : builders.map((one) => one.version);
      return { ...entry, last_version: seen.version, last_run: seen.run_id, versions };
    }),
  };
}

/** Counts a version among those that built the baseline, where it is not yet. */
export async function addBaselineVersion(db: Database, seen: Origin, now: number): Promise<void> {
  await db.query
    .insertInto("baseline_version")
    .values({ ...seen, added_at: now })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** Accepts behaviours; those already accepted stay as they are. A leak is never accepted. */
export async function addBaselineEntries(db: Database, seen: Origin, behaviours: readonly Behaviour[]): Promise<void> {
  const { package: name, node_major, version, run_id } = seen;
  const origin = { first_version: version, first_run: run_id };
  await db.insertMany(
    "baseline_entry",
    behaviours
      .filter(({ category }) => category !== "canary_leak")
      .map(({ actor, category, value }) => ({ package: name, node_major, actor, category, value, ...origin })),
    "on conflict do nothing",
  );
}

/** Takes single behaviours out of the baseline of one major of Node.js, or of all. */
export async function removeBaselineEntries(
  db: Database,
  name: string,
  behaviours: readonly Behaviour[],
  nodeMajor?: number,
): Promise<void> {
  const ofMajor = nodeMajor === undefined ? "" : "and node_major = $5";
  const remove = `delete from baseline_entry
    where package = $1 and actor = $2 and category = $3 and value = $4 ${ofMajor}`;
  for (const { actor, category, value } of behaviours)
    await db.run(remove, [name, actor, category, value, ...(nodeMajor === undefined ? [] : [nodeMajor])]);
}

/** Takes versions out of those that built a baseline: these, or all. */
export async function removeBaselineVersions(
  db: Database,
  name: string,
  nodeMajor: number,
  versions?: readonly string[],
): Promise<void> {
  let remove = db.query.deleteFrom("baseline_version").where("package", "=", name).where("node_major", "=", nodeMajor);
  if (versions !== undefined) remove = remove.where("version", "in", versions);
  await remove.execute();
}

/** Forgets the baseline of a package: of one major of Node.js, or of all. */
export async function deleteBaseline(db: Database, name: string, nodeMajor?: number): Promise<void> {
  let versions = db.query.deleteFrom("baseline_version").where("package", "=", name);
  let entries = db.query.deleteFrom("baseline_entry").where("package", "=", name);
  if (nodeMajor !== undefined) {
    versions = versions.where("node_major", "=", nodeMajor);
    entries = entries.where("node_major", "=", nodeMajor);
  }
  await versions.execute();
  await entries.execute();
}

/** One text for (actor, category, value); none of the first two has a line break. */
export function keyOf({ actor, category, value }: Behaviour): string {
  return `${actor}\n${category}\n${value}`;
}

// --- internal ---

const versionsOf = prepared((query, name: string, nodeMajor: number) =>
  query
    .selectFrom("baseline_version")
    .select(["version", "run_id", "added_at"])
    .where("package", "=", name)
    .where("node_major", "=", nodeMajor)
    .orderBy("added_at", "desc")
    .orderBy("run_id", "desc"),
);
const majorsOf = prepared((query, name: string) =>
  query
    .selectFrom("baseline_version")
    .select("node_major")
    .distinct()
    .where("package", "=", name)
    .orderBy("node_major"),
);

/** The condition that an entry `b` was never rejected in its package. */
const NEVER_REJECTED = `not exists (
  select 1 from deviation d where d.state = 'rejected' and d.package = b.package and d.category = b.category
    and d.value = b.value and d.actor = b.actor)`;

type Shown = Pick<Sighting, "version" | "run_id">;

/**
 * Which of the versions that built the baseline showed a behaviour, out of the fingerprints of their runs; the lowest
 * version first, and of several runs of one the oldest.
 */
async function sightings(db: Database, name: string, nodeMajor: number): Promise<Map<string, Shown[]>> {
  const rows = await db.rows<Behaviour & Shown>(
    `select f.actor, f.category, f.value, b.version, b.run_id from baseline_version b
     join fingerprint f on f.run_id = b.run_id where b.package = $1 and b.node_major = $2 order by b.run_id`,
    [name, nodeMajor],
  );
  rows.sort((a, b) => Bun.semver.order(a.version, b.version));
  return Map.groupBy(rows, keyOf);
}

/**
 * Which run showed each of these behaviours last, of those that nothing speaks against: accepted ones, and clean ones. Most
 * are shown by one of the newest.
 */
async function lastSightings(
  db: Database,
  { name, nodeMajor, behaviours }: { name: string; nodeMajor: number; behaviours: readonly Behaviour[] },
): Promise<Map<string, Shown>> {
  const runs = await db.rows<Shown & { number: number }>(
    `select n.number, n.version, n.run_id from run_number n join run r on r.id = n.run_id
     where n.package = $1 and (n.node_major = $2 or n.node_major is null)
       and r.kind = 'scan' and (r.verdict = 'clean' or r.decision = 'accepted')
     order by n.number desc`,
    [name, nodeMajor],
  );
  const byNumber = new Map(runs.map((run) => [run.number, run]));
  const missing = new Set(behaviours.map(keyOf));
  const last = new Map<string, Shown>();
  for (let from = 0, size = FEW; from < runs.length && missing.size > 0; from += size, size = MANY) {
    for (const shown of await newestOf(db, runs.slice(from, from + size), size)) {
      const run = byNumber.get(shown.number);
      if (run !== undefined && missing.delete(keyOf(shown))) last.set(keyOf(shown), run);
    }
  }
  return last;
}

/** Runs that are asked at once. */
const [FEW, MANY] = [10, 500];

/** What these runs showed, and the newest of them that did; there are at most `size`. */
function newestOf(
  db: Database,
  runs: readonly { number: number }[],
  size: number,
): Promise<(Behaviour & { number: number })[]> {
  // As many places each time, so that there are two statements and not hundreds.
  const numbers = Array.from({ length: size }, (_, i) => (runs[i] ?? runs[0])!.number);
  return db.rows(
    `select a.name as actor, v.category, v.value, s.number from (
       select value, actor, max(run) as number from sighting where run in (${numbers.map((_, i) => `$${i + 1}`).join(", ")})
       group by value, actor
     ) s join known_value v on v.id = s.value join known_name a on a.id = s.actor`,
    numbers,
  );
}
