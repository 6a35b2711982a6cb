/** How rare a behaviour is: in how many packages it was ever seen. */
import type { Database } from "./open.ts";

interface Seen {
  package: string;
  category: string;
  value: string;
}

/** Packages and actors that are looked at for one behaviour: what more of them show is common, and its number moot. */
const SEEN = 20_000;

/**
 * For each behaviour, in how many packages but its own any run ever showed its category and value. Each distinct
 * pair is counted once, by the index on fingerprints; of a very common one the number is a lower bound.
 */
export async function otherPackages(db: Database, seen: readonly Seen[]): Promise<number[]> {
  const count = `select count(distinct package) as n from (
    select package from behaviour
    where value = (select id from known_value where category = $1 and ${db.traits.sameValue("$2")})
      and package is distinct from (select id from known_name where name = $3)
    limit ${SEEN}) as others`;
  const counted = new Map<string, number>();
  const counts: number[] = [];
  for (const { package: name, category, value } of seen) {
    const key = JSON.stringify([name, category, value]);
    let known = counted.get(key);
    if (known === undefined) {
      const [row] = await db.rows<{ n: number }>(count, [category, value, name]);
      counted.set(key, (known = row?.n ?? 0));
    }
    counts.push(known);
  }
  return counts;
}
