/** How rare a behaviour is: in how many packages it was ever seen. */
import type { Database } from "./open.ts";

interface Seen {
  package: string;
  category: string;
  value: string;
}

/** Sightings that are looked at for one behaviour: what is seen more often is common, and its exact number moot. */
const SIGHTINGS = 20_000;

/**
 * For each behaviour, in how many packages but its own any run ever showed its category and value. Each distinct
 * pair is counted once, by the index on fingerprints; of a very common one the number is a lower bound.
 */
export async function otherPackages(db: Database, seen: readonly Seen[]): Promise<number[]> {
  return db.hot((raw) => {
    const count = raw.query<{ n: number }, [string, string, string]>(
      `select count(distinct package) as n from (
         select run.package from fingerprint join run on run.id = fingerprint.run_id
         where category = ? and value = ? and run.package <> ? limit ${SIGHTINGS})`,
    );
    const counted = new Map<string, number>();
    return seen.map(({ package: name, category, value }) => {
      const key = JSON.stringify([name, category, value]);
      const known = counted.get(key) ?? count.get(category, value, name)?.n ?? 0;
      counted.set(key, known);
      return known;
    });
  });
}
