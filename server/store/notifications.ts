/** The queue of messages and what became of them. A message is somebody's while its lease holds. */
import {
  type Notification,
  type NotificationAttempt,
  type NotificationPage,
  type NotificationQuery,
  NOTIFY_ATTEMPTS,
  type NotifyOn,
} from "../../protocol/notifiers.ts";
import { missing, newId } from "./ids.ts";
import type { NotificationRow } from "./notify-schema.ts";
import type { Database } from "./open.ts";

/** A message that was taken to be sent, with the attempt that this is. */
export type Claimed = Pick<NotificationRow, "id" | "run_id" | "tells" | "attempt" | "body" | "created_at">;

/** How an attempt ended. */
export interface AttemptEnd {
  ended_at: number;
  status: number | null;
  response: string | null;
  error: string | null;
}

/** Queues a message; meant for the transaction of what it tells. One (run, notifier) gets one, ever. Answers its id, undefined where there is one. */
export async function insertNotification(
  db: Database,
  message: { notifier: { id: string; name: string }; run_id: string | null; tells: NotifyOn | null; now: number },
): Promise<string | undefined> {
  const { notifier, run_id, tells, now } = message;
  const id = newId();
  const { numInsertedOrUpdatedRows } = await db.query
    .insertInto("notification")
    .values({
      id,
      notifier_id: notifier.id,
      notifier: notifier.name,
      run_id,
      tells,
      state: "queued",
      attempt: 0,
      not_before: now,
      lease_until: null,
      body: null,
      created_at: now,
      ended_at: null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return (numInsertedOrUpdatedRows ?? 0n) > 0n ? id : undefined;
}

/** Notifiers for which a message is due. */
export async function dueNotifiers(db: Database, now: number): Promise<string[]> {
  const rows = await db.query
    .selectFrom("notification")
    .innerJoin("notifier", "notifier.id", "notification.notifier_id")
    .select("notifier.id")
    .distinct()
    .where("state", "=", "queued")
    .where("not_before", "<=", now)
    .where((eb) => eb.or([eb("lease_until", "is", null), eb("lease_until", "<=", now)]))
    .where("enabled", "=", 1)
    .where("resume_at", "<=", now)
    // A test is sent by whoever asked for it.
    .where("run_id", "is not", null)
    .execute();
  return rows.map(({ id }) => id);
}

/**
 * Takes the oldest message that is due for a notifier, or this one, and begins an attempt: it is counted before anything is sent.
 * Undefined: there is none, or somebody else was faster.
 */
export async function claimNotification(
  db: Database,
  claim: { notifierId: string; now: number; leaseMs: number; id?: string },
): Promise<Claimed | undefined> {
  const { notifierId, now, leaseMs } = claim;
  return db.transaction(async (inner) => {
    let select = inner.query
      .selectFrom("notification")
      .select(["id", "attempt"])
      .where("notifier_id", "=", notifierId)
      .where("state", "=", "queued")
      .where("attempt", "<", NOTIFY_ATTEMPTS)
      .where("not_before", "<=", now)
      .where((eb) => eb.or([eb("lease_until", "is", null), eb("lease_until", "<=", now)]));
    select = claim.id === undefined ? select.where("run_id", "is not", null) : select.where("id", "=", claim.id);
    const next = await select.orderBy("not_before").orderBy("id").limit(1).executeTakeFirst();
    if (next === undefined) return undefined;
    const claimed = await inner.query
      .updateTable("notification")
      .set({ attempt: next.attempt + 1, lease_until: now + leaseMs })
      .where("id", "=", next.id)
      // Whoever else took it has counted an attempt.
      .where("attempt", "=", next.attempt)
      .where("state", "=", "queued")
      .returning(["id", "run_id", "tells", "attempt", "body", "created_at"])
      .executeTakeFirst();
    if (claimed === undefined) return undefined;
    await inner.query
      .insertInto("notification_attempt")
      .values({
        notification_id: claimed.id,
        attempt: claimed.attempt,
        started_at: now,
        ...{ ended_at: null, status: null, response: null, error: null },
      })
      .execute();
    return claimed;
  });
}

/** Keeps what is sent, so that every attempt sends the same bytes. */
export async function keepBody(db: Database, id: string, body: string): Promise<void> {
  await db.query.updateTable("notification").set({ body }).where("id", "=", id).execute();
}

/** Has what is queued for a notifier made anew: its form has changed. */
export async function forgetBodies(db: Database, notifierId: string): Promise<void> {
  await db.query
    .updateTable("notification")
    .set({ body: null })
    .where("notifier_id", "=", notifierId)
    .where("state", "=", "queued")
    .execute();
}

/** Ends an attempt. What it leads to is stored only while the attempt is the newest: a lost lease changes nothing. */
export async function endAttempt(
  db: Database,
  { id, attempt }: Pick<Claimed, "id" | "attempt">,
  end: AttemptEnd,
  then: { state: "delivered" | "failed" | "cancelled" } | { retryAt: number },
): Promise<void> {
  await db.transaction(async (inner) => {
    await inner.query
      .updateTable("notification_attempt")
      .set(end)
      .where("notification_id", "=", id)
      .where("attempt", "=", attempt)
      .execute();
    const changes =
      "state" in then
        ? { state: then.state, ended_at: end.ended_at, body: null, lease_until: null }
        : { not_before: then.retryAt, lease_until: null };
    await inner.query
      .updateTable("notification")
      .set(changes)
      .where("id", "=", id)
      .where("attempt", "=", attempt)
      .where("state", "=", "queued")
      .execute();
  });
}

/** Ends those whose last attempt was cut off by the end of a server; answers whose they were. */
export async function failAbandoned(db: Database, now: number): Promise<{ notifier_id: string | null }[]> {
  const abandoned = await db.query
    .selectFrom("notification")
    .select("id")
    .where("state", "=", "queued")
    .where("lease_until", "<=", now)
    .where((eb) => eb.or([eb("attempt", ">=", NOTIFY_ATTEMPTS), eb("run_id", "is", null)]))
    .execute();
  // Mostly there is nothing: the one writer of SQLite is not asked for.
  if (abandoned.length === 0) return [];
  return db.query
    .updateTable("notification")
    .set({ state: "failed", ended_at: now, body: null, lease_until: null })
    .where(
      "id",
      "in",
      abandoned.map(({ id }) => id),
    )
    .where("state", "=", "queued")
    .where("lease_until", "<=", now)
    .returning("notifier_id")
    .execute();
}

/** Forgets messages that ended before this moment, with their attempts; at most so many at a time. Answers how many. */
export async function pruneNotifications(db: Database, before: number, atOnce: number): Promise<number> {
  const old = await db.query
    .selectFrom("notification")
    .select("id")
    .where("ended_at", "<", before)
    .orderBy("ended_at")
    .limit(atOnce)
    .execute();
  const ids = old.map(({ id }) => id);
  if (ids.length > 0) await db.query.deleteFrom("notification").where("id", "in", ids).execute();
  return ids.length;
}

/** Ends what is still queued for a notifier. */
export async function cancelNotifications(db: Database, notifierId: string, now: number): Promise<void> {
  await db.query
    .updateTable("notification")
    .set({ state: "cancelled", ended_at: now, body: null, lease_until: null })
    .where("notifier_id", "=", notifierId)
    .where("state", "=", "queued")
    .execute();
}

/** @throws FangsError not_found */
export async function getNotification(db: Database, id: string): Promise<Notification> {
  const [found] = await complete(db, await select(db).where("notification.id", "=", id).execute());
  if (found === undefined) throw missing("notification", id);
  return found;
}

/** Newest first. `run` and `before` are full ids. */
export async function listNotifications(db: Database, query: NotificationQuery): Promise<NotificationPage> {
  const limit = query.limit ?? 100;
  let rows = select(db)
    .orderBy("notification.id", "desc")
    .limit(limit + 1);
  if (query.run !== undefined) rows = rows.where("run_id", "=", query.run);
  if (query.notifier !== undefined) rows = rows.where("notifier", "=", query.notifier);
  if (query.state !== undefined) rows = rows.where("notification.state", "=", query.state);
  if (query.before !== undefined) rows = rows.where("notification.id", "<", query.before);
  const found = await rows.execute();
  const notifications = await complete(db, found.slice(0, limit));
  return { notifications, next: found.length > limit ? (notifications.at(-1)?.id ?? null) : null };
}

// --- internal ---

function select(db: Database) {
  return db.query
    .selectFrom("notification")
    .leftJoin("run", "run.id", "notification.run_id")
    .select(["notification.id", "notifier", "run_id", "tells", "notification.state", "not_before"])
    .select(["notification.created_at", "notification.ended_at", "run.package", "run.version"]);
}

type Row = Awaited<ReturnType<ReturnType<typeof select>["execute"]>>[number];

async function complete(db: Database, rows: readonly Row[]): Promise<Notification[]> {
  const attempts = await attemptsOf(
    db,
    rows.map(({ id }) => id),
  );
  return rows.map(({ tells, not_before, ...row }) => ({
    ...row,
    on: tells,
    next_at: row.state === "queued" ? not_before : null,
    attempts: attempts.get(row.id) ?? [],
  }));
}

async function attemptsOf(db: Database, ids: readonly string[]): Promise<Map<string, NotificationAttempt[]>> {
  const found = new Map<string, NotificationAttempt[]>(ids.map((id) => [id, []]));
  if (ids.length === 0) return found;
  const rows = await db.query
    .selectFrom("notification_attempt")
    .selectAll()
    .where("notification_id", "in", ids)
    .orderBy("attempt")
    .execute();
  for (const { notification_id, ...attempt } of rows) found.get(notification_id)?.push(attempt);
  return found;
}
