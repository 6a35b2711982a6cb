/** Notifiers as they are stored: with what must not be shown. */
import { Type } from "@sinclair/typebox";
import type { Severity } from "../../protocol/facts.ts";
import { NOTIFY_ON, type NotifyOn, type Template } from "../../protocol/notifiers.ts";
import { FangsError } from "../../protocol/errors.ts";
import { newId } from "./ids.ts";
import { fromJson } from "./json.ts";
import type { NotifierRow } from "./notify-schema.ts";
import type { Database } from "./open.ts";

/** Where messages go. `url` and `headers` are secrets; see server/notify/shown.ts. */
export interface StoredNotifier {
  id: string;
  name: string;
  url: string;
  template: Template;
  secret_env: string | null;
  min_severity: Severity;
  on: NotifyOn[];
  headers: Record<string, string>;
  allow_http: boolean;
  allow_addresses: string[];
  enabled: boolean;
  resume_at: number;
  created_by: string;
  created_at: number;
}

/** @throws FangsError conflict where the name is taken */
export async function insertNotifier(db: Database, notifier: Omit<StoredNotifier, "id">): Promise<StoredNotifier> {
  const stored = { id: newId(), ...notifier };
  const { numInsertedOrUpdatedRows } = await db.query
    .insertInto("notifier")
    .values(toRow(stored))
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  if ((numInsertedOrUpdatedRows ?? 0n) > 0n) return stored;
  throw new FangsError("conflict", `There is a notifier ${notifier.name} already.`, {
    hint: "Change it with `fangs notifier set`, or take another name.",
  });
}

/** By name; undefined where there is none. */
export async function findNotifier(db: Database, name: string): Promise<StoredNotifier | undefined> {
  const row = await db.query.selectFrom("notifier").selectAll().where("name", "=", name).executeTakeFirst();
  return row && fromRow(row);
}

/** By id; undefined where it was removed. */
export async function notifierById(db: Database, id: string): Promise<StoredNotifier | undefined> {
  const row = await db.query.selectFrom("notifier").selectAll().where("id", "=", id).executeTakeFirst();
  return row && fromRow(row);
}

/** By name. */
export async function listNotifiers(db: Database): Promise<StoredNotifier[]> {
  return (await db.query.selectFrom("notifier").selectAll().orderBy("name").execute()).map(fromRow);
}

/** Stores it as it is now. */
export async function updateNotifier(db: Database, notifier: StoredNotifier): Promise<void> {
  await db.query.updateTable("notifier").set(toRow(notifier)).where("id", "=", notifier.id).execute();
}

/** Sends nothing to it before this moment. */
export async function pauseNotifier(db: Database, id: string, resumeAt: number): Promise<void> {
  await db.query.updateTable("notifier").set({ resume_at: resumeAt }).where("id", "=", id).execute();
}

export async function deleteNotifier(db: Database, id: string): Promise<void> {
  await db.query.deleteFrom("notifier").where("id", "=", id).execute();
}

// --- internal ---

const Tells = Type.Array(Type.Union(NOTIFY_ON.map((on) => Type.Literal(on))));
const Headers = Type.Record(Type.String(), Type.String());
const Addresses = Type.Array(Type.String());

function fromRow({ tells, headers, allow_addresses, allow_http, enabled, ...row }: NotifierRow): StoredNotifier {
  return {
    ...row,
    on: fromJson(Tells, tells),
    headers: fromJson(Headers, headers),
    allow_http: allow_http === 1,
    allow_addresses: fromJson(Addresses, allow_addresses),
    enabled: enabled === 1,
  };
}

function toRow({ on, headers, allow_addresses, allow_http, enabled, ...notifier }: StoredNotifier): NotifierRow {
  return {
    ...notifier,
    tells: JSON.stringify(on),
    headers: JSON.stringify(headers),
    allow_http: allow_http ? 1 : 0,
    allow_addresses: JSON.stringify(allow_addresses),
    enabled: enabled ? 1 : 0,
  };
}
