/** What a package is known to do: its accepted fingerprints and the versions that built them. */
import type { Baseline } from "../../protocol/models.ts";
import type { BaselineFingerprint } from "../analysis/types.ts";
import { isCategory } from "./fingerprints.ts";
import { timeOfId } from "./ids.ts";
import type { Database } from "./open.ts";

interface Seen {
  package: string;
  version: string;
  run_id: string;
}
interface Behaviour {
  actor: string;
  category: string;
  value: string;
}

/** The accepted fingerprints, null where the package has no baseline. */
export async function readBaseline(db: Database, name: string): Promise<BaselineFingerprint[] | null> {
  const version = await db.query
    .selectFrom("baseline_version")
    .select("version")
    .where("package", "=", name)
    .limit(1)
    .execute();
  if (version.length === 0) return null;
  const rows = await db.hot((raw) =>
    raw.query<Behaviour, [string]>("select actor, category, value from baseline_entry where package = ?").all(name),
  );
  return rows.filter((row): row is BaselineFingerprint => isCategory(row.category));
}

/**
 * The accepted fingerprints as they were at a moment, null where there were none: without what was accepted after it,
 * and without what the run itself brought in.
 */
export async function readBaselineOf(
  db: Database,
  run: { id: string; package: string },
  moment: number,
): Promise<BaselineFingerprint[] | null> {
  const version = await db.query
    .selectFrom("baseline_version")
    .select("version")
    .where("package", "=", run.package)
    .where("run_id", "!=", run.id)
    .where("added_at", "<=", moment)
    .limit(1)
    .execute();
  if (version.length === 0) return null;
  const rows = await db.hot((raw) =>
    raw
      .query<Behaviour & { first_run: string; added_at: number | null }, [string, string]>(
        `select actor, category, value, first_run, baseline_version.added_at from baseline_entry
         left join baseline_version on baseline_version.package = baseline_entry.package
           and baseline_version.run_id = baseline_entry.first_run
         where baseline_entry.package = ? and first_run <> ?`,
      )
      .all(run.package, run.id),
  );
  return rows
    .filter(({ first_run, added_at }) => (added_at ?? timeOfId(first_run)) <= moment)
    .map(({ actor, category, value }) => ({ actor, category, value }))
    .filter((row): row is BaselineFingerprint => isCategory(row.category));
}

/** The versions that built the baseline, the last accepted one first. */
export async function acceptedVersions(db: Database, name: string): Promise<string[]> {
  const rows = await db.query
    .selectFrom("baseline_version")
    .select("version")
    .where("package", "=", name)
    .orderBy("added_at", "desc")
    .orderBy("run_id", "desc")
    .execute();
  return rows.map((row) => row.version);
}

/** The baseline for people, undefined where there is none. */
export async function getBaseline(db: Database, name: string): Promise<Baseline | undefined> {
  const versions = await db.query
    .selectFrom("baseline_version")
    .select("version")
    .where("package", "=", name)
    .orderBy("added_at")
    .orderBy("run_id")
    .execute();
  if (versions.length === 0) return undefined;
  const entries = await db.query
    .selectFrom("baseline_entry")
    .select(["actor", "category", "value", "first_version", "last_version", "first_run", "last_run"])
    .where("package", "=", name)
    .orderBy("actor")
    .orderBy("category")
    .orderBy("value")
    .execute();
  return { package: name, maturity: versions.length, versions: versions.map((row) => row.version), entries };
}

/** Counts a version among those that built the baseline; false: it was already. */
export async function addBaselineVersion(db: Database, seen: Seen, now: number): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await db.query
    .insertInto("baseline_version")
    .values({ ...seen, added_at: now })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return (numInsertedOrUpdatedRows ?? 0n) > 0n;
}

/** Accepts behaviours; those already accepted stay as they are. */
export async function addBaselineEntries(db: Database, seen: Seen, behaviours: readonly Behaviour[]): Promise<void> {
  await db.hot((raw) => {
    const insert = raw.query(
      `insert into baseline_entry (package, actor, category, value, first_version, last_version, first_run, last_run)
       values (?1, ?2, ?3, ?4, ?5, ?5, ?6, ?6) on conflict do nothing`,
    );
    for (const { actor, category, value } of behaviours)
      insert.run(seen.package, actor, category, value, seen.version, seen.run_id);
  });
}

/** Notes that a run showed accepted behaviours again; nothing is accepted by this. */
export async function touchBaseline(db: Database, seen: Seen): Promise<void> {
  await db.hot((raw) =>
    raw
      .query(
        `update baseline_entry set last_version = ?1, last_run = ?2
         where package = ?3 and (actor, category, value) in (select actor, category, value from fingerprint where run_id = ?2)`,
      )
      .run(seen.version, seen.run_id, seen.package),
  );
}

/** Forgets the baseline of a package; answers how many entries it had. */
export async function deleteBaseline(db: Database, name: string): Promise<number> {
  await db.query.deleteFrom("baseline_version").where("package", "=", name).execute();
  const { numDeletedRows } = await db.query.deleteFrom("baseline_entry").where("package", "=", name).executeTakeFirst();
  return Number(numDeletedRows);
}
