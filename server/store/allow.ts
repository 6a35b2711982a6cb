/** The entries of the allow-list. */
import type { AllowEntry } from "../../protocol/models.ts";
import type { AllowPage, AllowQuery, AllowRequest } from "../../protocol/requests.ts";
import { newId } from "./ids.ts";
import type { Database } from "./open.ts";
import { prepared } from "./prepared.ts";

/** What the ids of the configuration file's entries begin with. It sorts behind all others: a page begins with them. */
export const CONFIG_ID = "config-";

/** Adds an entry; undefined: there is one that says the same. */
export async function insertAllow(
  db: Database,
  request: AllowRequest,
  by: { actor: string; now: number },
): Promise<AllowEntry | undefined> {
  const { kind, value, note, package: name = null, actor = null, expires_at = null } = request;
  const entry: AllowEntry = {
    id: newId(),
    kind,
    value,
    package: name,
    actor,
    note,
    shipped: null,
    expires_at,
    created_by: by.actor,
    created_at: by.now,
  };
  const { numInsertedOrUpdatedRows } = await db.query
    .insertInto("allow_entry")
    .values(entry)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return (numInsertedOrUpdatedRows ?? 0n) > 0n ? entry : undefined;
}

/**
 * What holds for a package at a moment, the global entries included: those of the database in the order in which they were added,
 * then those of the configuration file.
 */
export async function allowFor(
  db: Database,
  name: string,
  now: number,
  ofFile: readonly AllowEntry[],
): Promise<AllowEntry[]> {
  const stored = await inForce(db, name, now);
  return [
    ...stored.sort((a, b) => (a.id < b.id ? -1 : 1)),
    ...about(ofFile, name).filter(({ expires_at: ends }) => ends === null || ends > now),
  ];
}

/** The longest list that holds for any package, the global entries included: its entries, and the bytes of their values. */
export async function longestAllow(db: Database, now: number): Promise<{ entries: number; bytes: number }> {
  const rows = await db.query
    .selectFrom("allow_entry")
    .select(({ fn }) => [
      "package",
      fn.countAll<number>().as("entries"),
      fn.sum<number>(fn("octet_length", ["value"])).as("bytes"),
    ])
    .where(({ or, eb }) => or([eb("expires_at", "is", null), eb("expires_at", ">", now)]))
    .groupBy("package")
    .execute();
  const longest = { entries: 0, bytes: 0 };
  for (const key of ["entries", "bytes"] as const) {
    const ofAll = rows.find((row) => row.package === null);
    const others = rows.map((row) => (row.package === null ? 0 : Number(row[key])));
    longest[key] = Number(ofAll?.[key] ?? 0) + Math.max(0, ...others);
  }
  return longest;
}

/** Those of the configuration file, then the newest first, those that expired included. `before` is a full id. */
export async function listAllow(
  db: Database,
  { package: name, before, limit = 100 }: AllowQuery,
  ofFile: readonly AllowEntry[],
): Promise<AllowPage> {
  const kept = about(ofFile, name)
    .filter(({ id }) => before === undefined || id < before)
    .toSorted((a, b) => (a.id < b.id ? 1 : -1));
  let select = db.query
    .selectFrom("allow_entry")
    .selectAll()
    .orderBy("id", "desc")
    .limit(limit + 1);
  if (name !== undefined)
    select = select.where(({ or, eb }) => or([eb("package", "is", null), eb("package", "=", name)]));
  if (before !== undefined) select = select.where("id", "<", before);
  const rows = [...kept, ...(await select.execute())];
  const entries = rows.slice(0, limit);
  return { entries, next: rows.length > limit ? (entries.at(-1)?.id ?? null) : null };
}

/** Removes one entry, or all of a shipped set; answers with what was removed. */
export async function deleteAllow(db: Database, what: { id: string } | { shipped: string }): Promise<AllowEntry[]> {
  const remove = db.query.deleteFrom("allow_entry").returningAll();
  return ("id" in what ? remove.where("id", "=", what.id) : remove.where("shipped", "=", what.shipped)).execute();
}

// --- internal ---

const inForce = prepared((query, name: string, now: number) =>
  query
    .selectFrom("allow_entry")
    .selectAll()
    .where(({ or, eb }) => or([eb("package", "is", null), eb("package", "=", name)]))
    .where(({ or, eb }) => or([eb("expires_at", "is", null), eb("expires_at", ">", now)])),
);

function about(entries: readonly AllowEntry[], name: string | undefined): AllowEntry[] {
  return entries.filter((entry) => name === undefined || entry.package === null || entry.package === name);
}
