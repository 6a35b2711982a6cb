/** What of a notifier may be seen. Addresses of chat rooms are passwords, and so are many headers. */
import type { Notifier } from "../../protocol/notifiers.ts";
import type { StoredNotifier } from "../store/notifiers.ts";
import type { NotifySettings } from "./settings.ts";
import { addressVariable } from "./target.ts";

/** A notifier as lists, answers and the audit trail show it. */
export function shown(
  stored: StoredNotifier,
  { environment }: Pick<NotifySettings, "environment">,
  now: number,
): Notifier {
  const { id: _, resume_at, ...notifier } = stored;
  return {
    ...notifier,
    url: shownAddress(notifier.url),
    url_hash: new Bun.CryptoHasher("sha256").update(notifier.url).digest("hex").slice(0, 12),
    missing_env: variablesOf(stored).filter((name) => !environment[name]),
    headers: Object.fromEntries(
      Object.entries(notifier.headers).map(([name, value]) => [name, REFERENCE.test(value) ? value : "…"]),
    ),
    paused_until: resume_at > now ? resume_at : null,
  };
}

/** An address without its path and query: there lies the secret. Those of files and of syslog have none. */
export function shownAddress(address: string): string {
  const url = URL.parse(address);
  if (url === null || !/^https?:$/.test(url.protocol)) return address;
  return url.pathname.length > 1 || url.search !== "" ? `${url.origin}/…` : url.origin;
}

/** `${FANGS_NOTIFY_…}` in the value of a header. */
export const REFERENCE: RegExp = /\$\{([^}]*)\}/;

/** The variables of the environment that a notifier names. */
export function variablesOf({ url, secret_env, headers }: StoredNotifier): string[] {
  const inHeaders = Object.values(headers).flatMap((value) =>
    [...value.matchAll(new RegExp(REFERENCE, "g"))].map(([, name = ""]) => name),
  );
  return [
    ...new Set([addressVariable(url), secret_env ?? undefined, ...inHeaders].filter((name) => name !== undefined)),
  ];
}

/** A text in which every one of these secrets is replaced. */
export function redact(text: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret.length >= 4)
    .toSorted((a, b) => b.length - a.length)
    .reduce((out, secret) => out.replaceAll(secret, "…"), text);
}
