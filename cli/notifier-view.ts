/** Notifiers and their messages as lines for people. */
import type { Notification, NotificationAttempt, Notifier } from "../protocol/notifiers.ts";
import { pairs, time } from "./output.ts";
import { safe } from "./safe.ts";

export const columnsOfList: { title: string }[] = [
  "NAME",
  "TEMPLATE",
  "ADDRESS",
  "TOLD",
  "FROM",
  "SIGNED WITH",
  "STATE",
].map((title) => ({ title }));

export function listRow(notifier: Notifier): string[] {
  return [
    notifier.name,
    notifier.template,
    notifier.url,
    notifier.on.join(","),
    notifier.min_severity,
    notifier.secret_env ?? "-",
    stateOf(notifier),
  ];
}

/** Everything of one notifier that may be seen. */
export function notifierLines(notifier: Notifier): string[] {
  const headers = Object.entries(notifier.headers).map(([name, value]) => `${name}: ${value}`);
  return pairs([
    ["name", notifier.name],
    ["template", notifier.template],
    ["address", `${notifier.url} (${notifier.url_hash})`],
    ["state", stateOf(notifier)],
    ["told", `${notifier.on.join(", ")}; deviant from ${notifier.min_severity}`],
    ["signed with", notifier.secret_env ?? "nothing"],
    ["headers", headers.join("; ") || "none"],
    ["not encrypted", notifier.allow_http ? "allowed" : "refused"],
    ["addresses", ["public", ...notifier.allow_addresses].join(", ")],
    ["added", `${time(notifier.created_at)} by ${notifier.created_by}`],
  ]);
}

export const columnsOfHistory: { title: string }[] = [
  "MESSAGE",
  "NOTIFIER",
  "RUN",
  "RELEASE",
  "TOLD",
  "STATE",
  "TRIES",
  "LAST",
  "NEXT",
].map((title) => ({ title }));

export function historyRow(message: Notification): string[] {
  const last = message.attempts.at(-1);
  return [
    message.id,
    message.notifier,
    message.run_id ?? "-",
    message.package === null ? "-" : `${message.package}@${message.version ?? ""}`,
    message.on ?? "test",
    message.state,
    String(message.attempts.length),
    last === undefined ? "-" : outcome(last),
    time(message.next_at),
  ];
}

/** Each attempt, and what the receiver answered to it. */
export function attemptLines(message: Notification): string[] {
  return message.attempts.flatMap((attempt) => [
    `  ${attempt.attempt}. ${time(attempt.started_at)}  ${safe(outcome(attempt), 300)}`,
    ...(attempt.response === null || attempt.response === "" ? [] : [`     ${safe(attempt.response, 300)}`]),
  ]);
}

// --- internal ---

function stateOf({ enabled, missing_env, paused_until }: Notifier): string {
  if (!enabled) return "off";
  if (missing_env.length > 0) return `needs ${missing_env.join(", ")}`;
  return paused_until === null ? "on" : `paused until ${time(paused_until)}`;
}

function outcome({ status, error, ended_at }: NotificationAttempt): string {
  if (ended_at === null) return "going on, or cut off by the end of the server";
  return error ?? (status === null ? "delivered" : `delivered (${status})`);
}
