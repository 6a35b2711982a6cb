/** Delivery: every notifier gets its messages one after the other, and none waits for another notifier. */
import { NOTIFY_ATTEMPTS } from "../../protocol/notifiers.ts";
import { log } from "../../log/log.ts";
import { logDefect } from "../problem.ts";
import type { Services } from "../services.ts";
import { deviationsOfRun } from "../store/deviations.ts";
import {
  type Claimed,
  claimNotification,
  dueNotifiers,
  endAttempt,
  failAbandoned,
  keepBody,
  pruneNotifications,
} from "../store/notifications.ts";
import { notifierById, pauseNotifier, type StoredNotifier } from "../store/notifiers.ts";
import { getRun } from "../store/runs.ts";
import { messageOf, testMessage } from "./message.ts";
import { render } from "./render.ts";
import { delayAfter } from "./retry-after.ts";
import { send } from "./send.ts";
import { unsent } from "./send-error.ts";

/** Notifiers that are served at a time. */
const AT_ONCE = 16;
/** How often the queue is looked at when nothing wakes it. */
const EVERY_MS = 1000;
/** How much longer than an attempt its lease lasts. */
const GRACE_MS = 30_000;

/** How long the history is kept. */
const HISTORY_MS = 90 * 86_400_000;
const PRUNE_EVERY_MS = 3_600_000;
/** No delete holds up the verdicts for long. */
const PRUNED_AT_ONCE = 500;

/** Delivers until the signal. Several servers may do it at once: a message is sent by whoever claimed it. */
export async function deliver(services: Services, stop: AbortSignal): Promise<void> {
  const { db, notify } = services;
  const busy = new Map<string, Promise<void>>();
  let pruneAt = 0;
  while (!stop.aborted) {
    try {
      await countAbandoned(services);
      if (services.now() >= pruneAt) {
        const pruned = await pruneNotifications(db, services.now() - HISTORY_MS, PRUNED_AT_ONCE);
        if (pruned < PRUNED_AT_ONCE) pruneAt = services.now() + PRUNE_EVERY_MS;
      }
      for (const id of await dueNotifiers(db, services.now())) {
        if (busy.has(id) || busy.size >= AT_ONCE) continue;
        const done = serve(services, id, stop).catch(logDefect);
        busy.set(id, done);
        void done.then(() => {
          busy.delete(id);
          notify.due.fire();
        });
      }
    } catch (error) {
      logDefect(error);
    }
    await notify.due.wait(EVERY_MS, stop);
  }
  await Promise.all(busy.values());
}

/** Sends a test, once, by the way that every message takes. */
export async function deliverTest(services: Services, notifier: StoredNotifier, id: string): Promise<void> {
  const claimed = await claim(services, notifier.id, id);
  if (claimed !== undefined) await attempt(services, notifier, claimed, services.stopping);
}

// --- internal ---

async function serve(services: Services, notifierId: string, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    const notifier = await notifierById(services.db, notifierId);
    if (notifier === undefined || !notifier.enabled || notifier.resume_at > services.now()) return;
    const claimed = await claim(services, notifierId);
    if (claimed === undefined) return;
    await attempt(services, notifier, claimed, stop);
  }
}

function claim({ db, notify, now }: Services, notifierId: string, id?: string): Promise<Claimed | undefined> {
  const leaseMs = notify.deadlineMs + GRACE_MS;
  return claimNotification(db, { notifierId, now: now(), leaseMs, ...(id === undefined ? {} : { id }) });
}

async function attempt(
  services: Services,
  notifier: StoredNotifier,
  claimed: Claimed,
  stop: AbortSignal,
): Promise<void> {
  const { db, notify, metrics } = services;
  const isTest = claimed.run_id === null;
  const body = await bodyOf(services, notifier, claimed).catch((error: unknown) => {
    logDefect(error);
    return undefined;
  });
  const sent =
    body === undefined
      ? unsent("The message could not be made.")
      : body === null
        ? unsent("Its run has another verdict now.")
        : await send(notifier, { id: claimed.id, body }, notify, stop);
  const now = services.now();
  const { status, response, error, retryAfterMs } = sent;
  const end = { ended_at: now, status, response, error };
  const count = (outcome: string): void => metrics.notifications.inc({ target_kind: notifier.template, outcome });
  if (body === null) {
    await endAttempt(db, claimed, end, { state: "cancelled" });
    return count("cancelled");
  }
  if (error === null) {
    await endAttempt(db, claimed, end, { state: "delivered" });
    return count("delivered");
  }
  log.warn("a message was not delivered", {
    notifier: notifier.name,
    notification: claimed.id,
    attempt: claimed.attempt,
    error,
  });
  // What it asked for holds for every message to it, and costs the others no attempt.
  if (retryAfterMs !== null && !isTest) await pauseNotifier(db, notifier.id, now + retryAfterMs);
  if (isTest || claimed.attempt >= NOTIFY_ATTEMPTS) {
    await endAttempt(db, claimed, end, { state: "failed" });
    return count("failed");
  }
  const delay = stop.aborted ? 0 : delayAfter(claimed.attempt, retryAfterMs, notify.backoffMs);
  await endAttempt(db, claimed, end, { retryAt: now + delay });
  count("retried");
}

/** What is sent: made once, so that every attempt has the same bytes. Null: its run was judged anew, and there is nothing to tell. */
async function bodyOf(services: Services, notifier: StoredNotifier, claimed: Claimed): Promise<string | null> {
  const { id, run_id, tells, created_at, body } = claimed;
  if (body !== null) return body;
  const { db, notify } = services;
  const isSyslog = notifier.url.startsWith("syslog");
  if (run_id === null || tells === null) return render(notifier.template, testMessage(id, created_at), isSyslog);
  const run = await getRun(db, run_id);
  if (tells !== "failed" && run.verdict !== tells) return null;
  const deviations = await deviationsOfRun(db, run_id);
  const facts = { id, at: created_at, on: tells, run, publicUrl: notify.publicUrl };
  const message = messageOf(
    facts,
    deviations.filter(({ state }) => state !== "withdrawn"),
  );
  const text = render(notifier.template, message, isSyslog);
  await keepBody(db, id, text);
  return text;
}

async function countAbandoned({ db, metrics, now }: Services): Promise<void> {
  for (const { notifier_id } of await failAbandoned(db, now())) {
    const notifier = notifier_id === null ? undefined : await notifierById(db, notifier_id);
    metrics.notifications.inc({ target_kind: notifier?.template ?? "generic", outcome: "failed" });
  }
}
