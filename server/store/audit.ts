/** The trail of what changed baselines, runs and tokens: who, when, why. */
import type { AuditPage, AuditQuery, AuditRecord } from "../../protocol/audit.ts";
import { newId } from "./ids.ts";
import type { Database } from "./open.ts";
import type { AuditRow } from "./schema.ts";

export interface AuditEntry {
  at: number;
  /** Name of the token, or `fangs` for what it did by itself. */
  actor: string;
  /** For example `run.promote`. */
  action: string;
  /** The package, run or token it was done to. */
  subject: string;
  reason?: string;
  before?: unknown;
  after?: unknown;
  /** The entry whose change this one takes back. */
  undoes?: string;
}

/** Writes an entry; meant for the transaction that makes the change. */
export async function audit(db: Database, entry: AuditEntry): Promise<void> {
  await db.query
    .insertInto("audit")
    .values({
      id: newId(),
      at: entry.at,
      actor: entry.actor,
      action: entry.action,
      subject: entry.subject,
      reason: entry.reason ?? null,
      before: entry.before === undefined ? null : JSON.stringify(entry.before),
      after: entry.after === undefined ? null : JSON.stringify(entry.after),
      undoes: entry.undoes ?? null,
    })
    .execute();
}

/** The newest entry of one kind about one subject; undefined: there is none. */
export async function lastAudit(db: Database, subject: string, action: string): Promise<AuditRow | undefined> {
  return db.query
    .selectFrom("audit")
    .selectAll()
    .where("subject", "=", subject)
    .where("action", "=", action)
    .orderBy("id", "desc")
    .limit(1)
    .executeTakeFirst();
}

/** The trail of one subject, oldest first. */
export async function listAudit(db: Database, subject: string): Promise<AuditRow[]> {
  return db.query.selectFrom("audit").selectAll().where("subject", "=", subject).orderBy("id").execute();
}

/** Newest first. `before` is a full id. */
export async function pageAudit(db: Database, query: AuditQuery): Promise<AuditPage> {
  const { action, actor, subject, since, before, limit = 100 } = query;
  let select = db.query
    .selectFrom("audit")
    .select(["id", "at", "actor", "action", "subject", "reason", "undoes"])
    // A list of long entries would be as long as all baselines together.
    .select(({ fn, val }) => [
      fn<string | null>("substr", ["before", val(1), val(LONGEST_SHOWN + 1)]).as("before"),
      fn<string | null>("substr", ["after", val(1), val(LONGEST_SHOWN + 1)]).as("after"),
    ])
    .orderBy("id", "desc")
    .limit(limit + 1);
  if (action !== undefined)
    // The model lets no wildcard of `like` through.
    select = select.where(({ or, eb }) => or([eb("action", "=", action), eb("action", "like", `${action}.%`)]));
  if (actor !== undefined) select = select.where("actor", "=", actor);
  if (subject !== undefined) select = select.where("subject", "=", subject);
  if (since !== undefined) select = select.where("at", ">=", since);
  if (before !== undefined) select = select.where("id", "<", before);
  const rows = await select.execute();
  const entries = rows.slice(0, limit).map((row) => fromRow(row, LONGEST_SHOWN));
  return { entries, next: rows.length > limit ? (entries.at(-1)?.id ?? null) : null };
}

/** One entry, whole, by its full id. */
export async function getAudit(db: Database, id: string): Promise<AuditRecord> {
  return fromRow(await db.query.selectFrom("audit").selectAll().where("id", "=", id).executeTakeFirstOrThrow());
}

// --- internal ---

/** Most characters of `before` and of `after` in a list. */
const LONGEST_SHOWN = 16_384;

function fromRow(row: AuditRow, longest = Number.POSITIVE_INFINITY): AuditRecord {
  const isShown = (text: string | null): text is string => text !== null && text.length <= longest;
  return {
    ...row,
    before: isShown(row.before) ? JSON.parse(row.before) : null,
    after: isShown(row.after) ? JSON.parse(row.after) : null,
    shortened: [row.before, row.after].some((text) => text !== null && text.length > longest),
  };
}
