/** The trail of what changed baselines, runs and tokens: who, when, why. */
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

/** The trail of one subject, oldest first. */
export async function listAudit(db: Database, subject: string): Promise<AuditRow[]> {
  return db.query.selectFrom("audit").selectAll().where("subject", "=", subject).orderBy("id").execute();
}
