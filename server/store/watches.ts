/** Which packages are watched, when they are looked at next, and what was seen of them. */
import { Type } from "@sinclair/typebox";
import type { PackageWatch } from "../../protocol/watching.ts";
import { fromJson } from "./json.ts";
import type { Database } from "./open.ts";
import type { WatchRow } from "./schema.ts";

/** Postgres takes a parameter in a `case` for text unless it is told. */
const INTEGER = "bigint";

const Versions = Type.Record(Type.String(), Type.String());

/** A watch without its long columns. */
export type DueWatch = Pick<
  WatchRow,
  "package" | "interval_ms" | "etag" | "digest" | "due_at" | "failures" | "rechecks" | "polled_at" | "by_feed"
>;

/** What was handled of a package, for the transaction that handles more; null: nothing was read yet. */
export interface HandledReleases {
  seen: Record<string, string> | null;
  tags: Record<string, string>;
}

/** Watches a package, unless it is watched or was; then it is watched again. */
export async function putWatch(
  db: Database,
  watch: { package: string; seen: Record<string, string> | null; tags: Record<string, string>; due_at: number | null },
): Promise<void> {
  await db.query
    .insertInto("watch")
    .values({
      package: watch.package,
      enabled: 1,
      seen: watch.seen === null ? null : JSON.stringify(watch.seen),
      tags: JSON.stringify(watch.tags),
      due_at: watch.due_at,
      rechecks: 0,
      failures: 0,
      revision: 0,
      by_feed: 0,
    })
    .onConflict((conflict) => conflict.column("package").doUpdateSet({ enabled: 1, due_at: watch.due_at, by_feed: 0 }))
    .execute();
}

/** Those that are due, the longest due first. */
export async function listDue(db: Database, now: number, limit: number): Promise<DueWatch[]> {
  return db.query
    .selectFrom("watch")
    .select(["package", "interval_ms", "etag", "digest", "due_at", "failures", "rechecks", "polled_at", "by_feed"])
    .where("enabled", "=", 1)
    .where("due_at", "<=", now)
    .orderBy("due_at")
    .limit(limit)
    .execute();
}

/** When the one that is or becomes due first does; undefined: none ever. */
export async function earliestDue(db: Database): Promise<number | undefined> {
  return nextDue(db, -1);
}

/** When the next is due after a moment; undefined: none ever. */
export async function nextDue(db: Database, after: number): Promise<number | undefined> {
  const row = await db.query
    .selectFrom("watch")
    .select("due_at")
    .where("enabled", "=", 1)
    .where("due_at", ">", after)
    .orderBy("due_at")
    .limit(1)
    .executeTakeFirst();
  return row?.due_at ?? undefined;
}

/**
 * What was handled of a package, held against others until the transaction ends; undefined: it is not watched any more.
 * Two watchers that read the same document cannot both find it new.
 */
export async function holdWatch(db: Database, name: string): Promise<HandledReleases | undefined> {
  const row = await db.query
    .updateTable("watch")
    .set((eb) => ({ revision: eb("revision", "+", 1) }))
    .where("package", "=", name)
    .where("enabled", "=", 1)
    .returning(["seen", "tags"])
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return { seen: row.seen === null ? null : fromJson(Versions, row.seen), tags: fromJson(Versions, row.tags) };
}

/** When a package is looked at next, as it was planned before a look that found it due at `read`. */
export interface Plan {
  read: number | null;
  due_at: number | null;
  rechecks: number;
}

/**
 * Changes what is known of a watch. A plan counts only where nobody made it due anew meanwhile: what the changes feed
 * told during a look was perhaps not to be seen yet.
 */
export async function updateWatch(
  db: Database,
  name: string,
  changes: Partial<Omit<WatchRow, "package" | "seen" | "tags" | "revision">> & {
    seen?: Record<string, string>;
    tags?: Record<string, string>;
  },
  plan?: Plan,
): Promise<boolean> {
  const { seen, tags, ...plain } = changes;
  const { numUpdatedRows } = await db.query
    .updateTable("watch")
    .set((eb) => ({
      ...plain,
      ...(seen === undefined ? {} : { seen: JSON.stringify(seen) }),
      ...(tags === undefined ? {} : { tags: JSON.stringify(tags) }),
      ...(plan === undefined
        ? {}
        : {
            due_at: eb
              .case()
              .when("due_at", "=", plan.read)
              .then(eb.cast<number | null>(eb.val(plan.due_at), INTEGER))
              .else(eb.ref("due_at"))
              .end(),
            rechecks: eb
              .case()
              .when("due_at", "=", plan.read)
              .then(eb.cast<number>(eb.val(plan.rechecks), INTEGER))
              .else(eb.ref("rechecks"))
              .end(),
          }),
    }))
    .where("package", "=", name)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** A watch as the API has it; null: the package is not watched and never was. */
export async function readWatch(db: Database, name: string): Promise<PackageWatch | null> {
  const row = await db.query.selectFrom("watch").selectAll().where("package", "=", name).executeTakeFirst();
  if (row === undefined) return null;
  const { interval_ms, due_at, polled_at, changed_at, failures, error, error_at } = row;
  return {
    ...{ interval_ms, due_at, polled_at, changed_at, failures, error, error_at },
    enabled: row.enabled === 1,
    by_feed: row.by_feed === 1,
    tags: fromJson(Versions, row.tags),
    versions: row.seen === null ? 0 : Object.keys(fromJson(Versions, row.seen)).length,
  };
}
