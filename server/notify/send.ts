/** One attempt to send: the notifier's secrets are read now, from the environment, and are in nothing that comes back. */
import type { StoredNotifier } from "../store/notifiers.ts";
import { oneLine } from "./text.ts";
import { FangsError } from "../../protocol/errors.ts";
import { SendError, type Sent, unsent } from "./send-error.ts";
import { sendFile } from "./send-file.ts";
import { sendHttp } from "./send-http.ts";
import { sendSyslog, sendSyslogUnix } from "./send-syslog.ts";
import type { NotifySettings } from "./settings.ts";
import { redact, REFERENCE } from "./shown.ts";
import { signatureOf, SIGNATURE_HEADER } from "./signature.ts";
import { addressVariable, parseTarget } from "./target.ts";

/** Characters of an answer that are kept. */
const KEPT = 1000;

export interface Letter {
  /** Of the notification: receivers tell a repeated message by it. */
  id: string;
  body: string;
}

/** Sends a body to a notifier. Never throws: an attempt that failed says why. `stop` ends it early. */
export async function send(
  notifier: StoredNotifier,
  { id, body }: Letter,
  settings: NotifySettings,
  stop: AbortSignal,
): Promise<Sent> {
  const secrets: string[] = [];
  const deadline = AbortSignal.timeout(settings.deadlineMs);
  try {
    const sent = await dispatch(notifier, { id, body }, settings, AbortSignal.any([deadline, stop]), secrets);
    return {
      ...sent,
      response: sent.response === null ? null : oneLine(redact(sent.response, secrets), KEPT),
      error: sent.error === null ? null : redact(sent.error, secrets),
    };
  } catch (error) {
    if (stop.aborted) return unsent("The server stopped.");
    if (deadline.aborted) return unsent(`There was no answer within ${settings.deadlineMs / 1000} seconds.`);
    if (error instanceof SendError || error instanceof FangsError) return unsent(redact(error.message, secrets));
    return unsent(redact(`It failed: ${error instanceof Error ? error.message : String(error)}`, secrets));
  }
}

// --- internal ---

async function dispatch(
  notifier: StoredNotifier,
  { id, body }: Letter,
  settings: NotifySettings,
  signal: AbortSignal,
  secrets: string[],
): Promise<Sent> {
  const variable = addressVariable(notifier.url);
  const address = variable === undefined ? notifier.url : required(settings, variable);
  const target = parseTarget(address, { allowHttp: notifier.allow_http });
  // What is in the environment was not looked at when the notifier was made.
  if (variable !== undefined && target.kind !== "http")
    throw new SendError(`${variable} is no address of a web service.`);
  const bytes = new TextEncoder().encode(body);
  const { lookup } = settings;
  const network = { allowed: notifier.allow_addresses, lookup, signal };
  switch (target.kind) {
    case "http": {
      const { pathname, search } = target.url;
      secrets.push(address, `${pathname}${search}`, ...pathname.split("/").filter((part) => part.length >= 8));
      const headers = ownHeaders(notifier, settings, secrets);
      headers["Content-Type"] = "application/json";
      headers["User-Agent"] = "fangs";
      headers["X-FANGS-Delivery"] = id;
      if (notifier.secret_env !== null) {
        headers[SIGNATURE_HEADER] = signatureOf(bytes, required(settings, notifier.secret_env));
      }
      return sendHttp({ url: target.url, body: bytes, headers, ...network });
    }
    case "file":
      return sendFile(target.path, body, settings.filesDir);
    case "syslog":
      return sendSyslog(target, body, network);
    case "syslog-unix":
      return sendSyslogUnix(target.path, body, settings.filesDir);
  }
}

function ownHeaders(notifier: StoredNotifier, settings: NotifySettings, secrets: string[]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(notifier.headers).map(([name, value]) => {
      const filled = value.replace(new RegExp(REFERENCE, "g"), (_, variable: string) => required(settings, variable));
      secrets.push(filled, ...filled.split(" "));
      return [name, filled];
    }),
  );
}

/** A message must not go out without its signature or its credentials because a variable was forgotten. */
function required({ environment }: NotifySettings, name: string): string {
  const value = environment[name];
  if (value) return value;
  throw new SendError(`${name} is not set in the server's environment.`);
}
