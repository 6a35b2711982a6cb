/** Ids: UUIDv7, so that their order is the order of time. People may give a part that fits one only. */
import { FangsError } from "../../protocol/errors.ts";
import type { Database } from "./open.ts";

const FULL = 36;
const SHORTEST = 8;

const NOUNS = {
  run: "run",
  scan: "scan",
  deviation: "deviation",
  audit: "change",
  allow_entry: "allow entry",
  token: "token",
} as const;

export function newId(): string {
  return Bun.randomUUIDv7();
}

/**
 * The full id that a unique prefix or suffix of at least 8 characters names. UUIDv7 begins with the time, so runs
 * made together share a prefix; their ends differ.
 *
 * @throws FangsError not_found, ambiguous_id
 */
export async function findId(db: Database, table: keyof typeof NOUNS, given: string): Promise<string> {
  const what = NOUNS[table];
  const id = given.toLowerCase();
  if (!/^[0-9a-f-]{8,36}$/.test(id)) throw missing(what, given);
  let query = db.query.selectFrom(table).select("id").limit(2);
  if (id.length === FULL) {
    query = query.where("id", "=", id);
  } else {
    query = query.where(({ or, and, eb, fn, val }) =>
      or([
        // `g` sorts behind every character of an id.
        and([eb("id", ">=", id), eb("id", "<", `${id}g`)]),
        and([
          eb(fn<string>("substr", ["id", val(FULL - SHORTEST + 1)]), "=", id.slice(-SHORTEST)),
          eb("id", "like", `%${id}`),
        ]),
      ]),
    );
  }
  const found = await query.execute();
  if (found.length > 1) {
    throw new FangsError("ambiguous_id", `More than one ${what} fits ${id}.`, {
      hint: "Give more characters, or the end of the id.",
    });
  }
  const only = found[0];
  if (only === undefined) throw missing(what, given);
  return only.id;
}

/** The moment at which an id was made, ms UTC: the first 48 bits of a UUIDv7. */
export function timeOfId(id: string): number {
  return Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16);
}

/** The error for a thing that is not there. */
export function missing(what: string, given: string): FangsError {
  return new FangsError("not_found", `There is no ${what} ${JSON.stringify(given.slice(0, 64))}.`, {
    hint: `The commands that list them show their ids; a part of one needs ${SHORTEST} characters or more.`,
  });
}
