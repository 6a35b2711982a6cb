/** What operators do to notifiers. Each change leaves an audit entry, without the secrets. */
import { FangsError } from "../protocol/errors.ts";
import type { Notification, Notifier, NotifierRequest, NotifierSettings } from "../protocol/notifiers.ts";
import { checkAllowed } from "./notify/address-guard.ts";
import { deliverTest } from "./notify/deliver.ts";
import { checkFile } from "./notify/send-file.ts";
import { checkSocket } from "./notify/send-syslog.ts";
import { REFERENCE, shown } from "./notify/shown.ts";
import { addressVariable, parseTarget, SENDABLE } from "./notify/target.ts";
import type { Services } from "./services.ts";
import { audit } from "./store/audit.ts";
import { cancelNotifications, forgetBodies, getNotification, insertNotification } from "./store/notifications.ts";
import {
  deleteNotifier,
  findNotifier,
  insertNotifier,
  listNotifiers,
  type StoredNotifier,
  updateNotifier,
} from "./store/notifiers.ts";
import type { Database } from "./store/open.ts";

/**
 * Adds a notifier.
 *
 * @throws FangsError invalid_body for an address or header that cannot be used; conflict where the name is taken
 */
export async function addNotifier(services: Services, request: NotifierRequest, actor: string): Promise<Notifier> {
  const now = services.now();
  const notifier = checked(services, {
    name: request.name,
    url: request.url,
    template: request.template ?? "generic",
    secret_env: request.secret_env ?? null,
    min_severity: request.min_severity ?? "low",
    on: request.on ?? ["deviant", "inconclusive", "failed"],
    headers: request.headers ?? {},
    allow_http: request.allow_http ?? false,
    allow_addresses: request.allow_addresses ?? [],
    enabled: true,
    resume_at: 0,
    created_by: actor,
    created_at: now,
  });
  return services.db.transaction(async (db) => {
    const after = shown(await insertNotifier(db, notifier), services.notify, now);
    await audit(db, { at: now, actor, action: "notifier.add", subject: after.name, after });
    return after;
  });
}

/**
 * Changes what is named, and ends a pause that the receiver asked for.
 *
 * @throws FangsError not_found, invalid_body
 */
export async function setNotifier(
  services: Services,
  name: string,
  settings: NotifierSettings,
  actor: string,
): Promise<Notifier> {
  const now = services.now();
  return services.db.transaction(async (db) => {
    const old = await getNotifier(db, name);
    const next = { ...checked(services, { ...old, ...settings, resume_at: 0 }), id: old.id };
    await updateNotifier(db, next);
    if (next.url !== old.url || next.template !== old.template) await forgetBodies(db, old.id);
    const [before, after] = [old, next].map((one) => shown(one, services.notify, now));
    await audit(db, { at: now, actor, action: "notifier.set", subject: name, before, after });
    services.notify.due.fire();
    return shown(next, services.notify, now);
  });
}

/**
 * Removes a notifier. What is queued for it is not sent; its history stays.
 *
 * @throws FangsError not_found
 */
export async function removeNotifier(services: Services, name: string, actor: string): Promise<void> {
  const now = services.now();
  await services.db.transaction(async (db) => {
    const old = await getNotifier(db, name);
    await cancelNotifications(db, old.id, now);
    await deleteNotifier(db, old.id);
    const before = shown(old, services.notify, now);
    await audit(db, { at: now, actor, action: "notifier.remove", subject: name, before });
  });
}

/**
 * Sends a test, once, and answers what became of it: that it fails is an answer.
 *
 * @throws FangsError not_found
 */
export async function testNotifier(services: Services, name: string, actor: string): Promise<Notification> {
  const { db } = services;
  const now = services.now();
  const { notifier, id } = await db.transaction(async (inner) => {
    const found = await getNotifier(inner, name);
    const queued = await insertNotification(inner, { notifier: found, run_id: null, tells: null, now });
    if (queued === undefined) throw new Error("a test was taken for a message that there is already");
    await audit(inner, { at: now, actor, action: "notifier.test", subject: name, after: { notification: queued } });
    return { notifier: found, id: queued };
  });
  await deliverTest(services, notifier, id);
  return getNotification(db, id);
}

/** All of them, by name. */
export async function shownNotifiers({ db, notify, now }: Services): Promise<Notifier[]> {
  return (await listNotifiers(db)).map((notifier) => shown(notifier, notify, now()));
}

/** @throws FangsError not_found */
export async function shownNotifier({ db, notify, now }: Services, name: string): Promise<Notifier> {
  return shown(await getNotifier(db, name), notify, now());
}

// --- internal ---

async function getNotifier(db: Database, name: string): Promise<StoredNotifier> {
  const found = await findNotifier(db, name);
  if (found !== undefined) return found;
  throw new FangsError("not_found", `There is no notifier ${JSON.stringify(name.slice(0, 64))}.`, {
    hint: "`fangs notifier list` shows them.",
  });
}

/** What these set is ours, or would make of the message something else. */
const OWN_HEADERS =
  /^(host|content-.*|transfer-encoding|connection|te|trailer|upgrade|expect|accept-encoding|x-fangs-.*)$/i;

function checked<T extends Omit<StoredNotifier, "id">>({ notify }: Services, notifier: T): T {
  const variable = addressVariable(notifier.url);
  if (variable !== undefined) checkVariable(variable);
  // What is in the environment may come later, and is looked at before anything is sent.
  const target = variable === undefined ? parseTarget(notifier.url, { allowHttp: notifier.allow_http }) : undefined;
  if (target?.kind === "file") checkFile(target.path, notify.filesDir);
  if (target?.kind === "syslog-unix") checkSocket(target.path, notify.filesDir);
  if (target !== undefined && target.kind !== "http") {
    const isSigned = notifier.secret_env !== null || Object.keys(notifier.headers).length > 0;
    if (isSigned)
      throw bad("A file and syslog have no headers, and so no signature.", "Leave --secret-env and --header out.");
    if (!["generic", "ocsf", "ecs"].includes(notifier.template)) {
      throw bad(`${notifier.template} is the form of a web service.`, "Take --template ocsf, ecs or generic.");
    }
  }
  for (const [name, value] of Object.entries(notifier.headers)) checkHeader(name, value);
  return { ...notifier, allow_addresses: notifier.allow_addresses.map(checkAllowed) };
}

function checkHeader(name: string, value: string): void {
  if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name)) throw bad(`${JSON.stringify(name)} is no name of a header.`);
  if (OWN_HEADERS.test(name)) throw bad(`The header ${name} is set by fangs itself.`);
  if (!/^[\x20-\x7e]*$/.test(value)) throw bad(`The header ${name} has characters that a header cannot have.`);
  for (const [, variable = ""] of value.matchAll(new RegExp(REFERENCE, "g"))) checkVariable(variable);
}

/** Who may add a notifier may not send the whole environment of the server to somewhere. */
function checkVariable(name: string): void {
  if (SENDABLE.test(name)) return;
  throw bad(
    `The variable ${JSON.stringify(name.slice(0, 64))} cannot be sent.`,
    "Its name must begin with FANGS_NOTIFY_.",
  );
}

function bad(message: string, hint?: string): FangsError {
  return new FangsError("invalid_body", message, hint === undefined ? {} : { hint });
}
