/** Where a message goes, as its address says. */
import { isIP } from "node:net";
import { FangsError } from "../../protocol/errors.ts";

export type Target =
  | { kind: "http"; url: URL }
  | { kind: "file"; path: string }
  | { kind: "syslog"; transport: "udp" | "tcp" | "tls"; host: string; port: number }
  | { kind: "syslog-unix"; path: string };

/** Variables of the server's environment that a notifier may send: only such as are meant for it. */
export const SENDABLE = /^FANGS_NOTIFY_[A-Z0-9_]{1,100}$/;

/** The variable that an address such as `env:FANGS_NOTIFY_SLACK` stands for; undefined for an address that is written out. */
export function addressVariable(address: string): string | undefined {
  return address.startsWith("env:") ? address.slice("env:".length) : undefined;
}

/**
 * Reads an address that is written out. Its host is not looked at yet.
 *
 * @throws FangsError invalid_body; its message does not repeat the address, which may hold a secret
 */
export function parseTarget(address: string, { allowHttp }: { allowHttp: boolean }): Target {
  const url = URL.parse(address);
  if (url === null || /[\s\p{Cc}]/u.test(address)) {
    throw bad("The address is not a URL.", "Write for example https://intake.example/fangs.");
  }
  if (url.username !== "" || url.password !== "") {
    throw bad("The address carries a user or a password.", "Send them in a header: docs/notifications.md says how.");
  }
  if (url.protocol === "file:" || url.protocol === "syslog+unix:") {
    if (url.host !== "" || url.search !== "" || url.hash !== "") throw bad("The path must be absolute.", "file:/path");
    const path = decodedPath(url.pathname);
    return url.protocol === "file:" ? { kind: "file", path } : { kind: "syslog-unix", path };
  }
  const scheme = SCHEMES[url.protocol];
  if (scheme === undefined) {
    throw bad(
      `The scheme ${url.protocol} is not known.`,
      `One of: ${Object.keys(SCHEMES).join(" ")} file: syslog+unix:`,
    );
  }
  if (url.hostname === "") throw bad("The address names no host.", "Write for example https://intake.example/fangs.");
  if (!scheme.encrypted && !allowHttp) {
    throw bad(`${url.protocol} is not encrypted.`, "Take an encrypted one, or say --allow-http.");
  }
  if (scheme.transport === undefined) return { kind: "http", url };
  if (url.pathname.length > 1 || url.search !== "" || url.hash !== "") {
    throw bad("An address of syslog ends with its port.", "Write for example syslog+tls://logs.example:6514.");
  }
  const port = url.port === "" ? scheme.port : Number(url.port);
  return { kind: "syslog", transport: scheme.transport, host: hostOf(url), port };
}

/** The host of a URL as it is looked up: without brackets, without the dot of the root. */
export function hostOf({ hostname }: URL): string {
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  return isIP(host) === 0 ? host.replace(/\.$/, "") : host;
}

// --- internal ---

interface Scheme {
  encrypted: boolean;
  /** Of syslog. */
  transport?: "udp" | "tcp" | "tls";
  port: number;
}

const SCHEMES: Readonly<Record<string, Scheme>> = {
  "https:": { encrypted: true, port: 443 },
  "http:": { encrypted: false, port: 80 },
  "syslog+tls:": { encrypted: true, transport: "tls", port: 6514 },
  "syslog+tcp:": { encrypted: false, transport: "tcp", port: 601 },
  "syslog+udp:": { encrypted: false, transport: "udp", port: 514 },
};

function decodedPath(pathname: string): string {
  let path: string;
  try {
    path = decodeURIComponent(pathname);
  } catch {
    throw bad("The path is not well encoded.", "Encode % as %25.");
  }
  if (!path.startsWith("/") || path.endsWith("/") || /\p{Cc}/u.test(path)) {
    throw bad("The path names no file.", "Write for example file:/var/lib/fangs/notify/alerts.ndjson.");
  }
  return path;
}

function bad(message: string, hint: string): FangsError {
  return new FangsError("invalid_body", message, { hint });
}
