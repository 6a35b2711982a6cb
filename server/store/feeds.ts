/** Where the changes feed was read to. */
import type { Database } from "./open.ts";
import type { FeedRow } from "./schema.ts";

/** Names in one statement. */
const AT_ONCE = 400;

export async function findFeed(db: Database, url: string): Promise<FeedRow | undefined> {
  return db.query.selectFrom("feed").selectAll().where("url", "=", url).executeTakeFirst();
}

/** Every feed that was ever followed. */
export async function listFeeds(db: Database): Promise<FeedRow[]> {
  return db.query.selectFrom("feed").selectAll().orderBy("url").execute();
}

export async function beginFeed(db: Database, url: string, since: number, now: number): Promise<void> {
  await db.query
    .insertInto("feed")
    .values({ url, since, begun_at: now, resets: 0, skipped: 0 })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** Notes how it went; `skipped` and `resets` are added. */
export async function noteFeed(
  db: Database,
  url: string,
  changes: Partial<Omit<FeedRow, "url" | "begun_at">>,
): Promise<void> {
  const { skipped = 0, resets = 0, ...rest } = changes;
  await db.query
    .updateTable("feed")
    .set((eb) => ({ ...rest, skipped: eb("skipped", "+", skipped), resets: eb("resets", "+", resets) }))
    .where("url", "=", url)
    .execute();
}

/** Those of the names that are watched are due now, and again soon: registries are served from caches. */
export async function markDue(db: Database, names: readonly string[], now: number, rechecks: number): Promise<void> {
  for (let from = 0; from < names.length; from += AT_ONCE) {
    await db.query
      .updateTable("watch")
      .set({ due_at: now, rechecks })
      .where("package", "in", names.slice(from, from + AT_ONCE))
      .where("enabled", "=", 1)
      .execute();
  }
}

/** Watches packages that nobody knew, because of the feed. Those that are known stay as they are. */
export async function watchByFeed(
  db: Database,
  names: readonly string[],
  now: number,
  rechecks: number,
): Promise<void> {
  for (let from = 0; from < names.length; from += AT_ONCE) {
    const part = names.slice(from, from + AT_ONCE);
    await db.query
      .insertInto("package")
      .values(part.map((name) => ({ name, created_at: now, severities: "{}", seeding: 0 })))
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    await db.query
      .insertInto("watch")
      .values(
        part.map((name) => ({
          ...{ package: name, enabled: 1, seen: null, tags: "{}", due_at: now, rechecks, failures: 0, revision: 0 },
          by_feed: 1,
        })),
      )
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}

/** Every watched package is due: nobody knows which of them changed. */
export async function markAllDue(db: Database, now: number): Promise<void> {
  await db.query.updateTable("watch").set({ due_at: now }).where("enabled", "=", 1).execute();
}
