/** Method, target and host of a plain HTTP/1 request, read from the first bytes of a stream. */
import { printable } from "./printable.ts";

export interface HttpHead {
  method: string;
  /** The request target as sent: a path, or a whole URL when meant for a proxy. */
  path: string;
  /** Host name without its port; null for a request that names none. */
  host: string | null;
}

/** Bytes of a head that are looked at. */
const HEAD_LIMIT = 8192;
const METHOD_LIMIT = 24;
const REQUEST_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]{1,24}) +(\S+) +HTTP\/1\.\d$/;
const HOST_LINE = /^host[ \t]*:(.*)$/i;
const AUTHORITY = /^(?:[a-z][a-z0-9+.-]*:\/\/)?(?:[^/?#@]*@)?(\[[0-9a-f:.]*\]|[^/?#:@[\]]*)/i;

/**
 * The head at the start of a stream. "incomplete" while the bytes could still become one; null when they
 * cannot. A bare line feed ends a line too, as most servers take it. Never throws.
 */
export function parseHttpHead(bytes: Uint8Array): HttpHead | "incomplete" | null {
  if (!startsLikeMethod(bytes)) return null;
  const lines = printableLines(bytes.subarray(0, HEAD_LIMIT));
  const whole = lines.slice(0, -1); // the last one has no line feed yet
  const requestLine = whole[0];
  if (requestLine === undefined) return bytes.length < HEAD_LIMIT ? "incomplete" : null;
  const request = REQUEST_LINE.exec(requestLine);
  if (request === null) return null;
  const [, method = "", path = ""] = request;
  const connect = method.toUpperCase() === "CONNECT";
  const named = (host: string | null): HttpHead => ({ method, path, host });
  // A proxy goes by the target, whatever the Host line says.
  if (connect || /^[a-z][a-z0-9+.-]*:\/\//i.test(path)) return named(hostOf(path));
  for (const line of whole.slice(1)) {
    if (line === "") return named(null);
    const host = HOST_LINE.exec(line);
    if (host !== null) return named(hostOf((host[1] ?? "").trim()));
  }
  return bytes.length < HEAD_LIMIT ? "incomplete" : named(null);
}

// --- internal ---

/** Tells binary protocols apart at their first bytes, before any string is made. */
function startsLikeMethod(bytes: Uint8Array): boolean {
  const end = Math.min(bytes.length, METHOD_LIMIT + 1);
  for (let i = 0; i < end; i++) {
    const byte = bytes[i] ?? 0;
    if (byte === 0x20) return i > 0;
    if (byte < 0x21 || byte > 0x7e) return false;
  }
  return bytes.length <= METHOD_LIMIT;
}

function printableLines(bytes: Uint8Array): string[] {
  const lines: string[] = [];
  let start = 0;
  for (;;) {
    const end = bytes.indexOf(10, start);
    const line = bytes.subarray(start, end < 0 ? bytes.length : end);
    const content = line.at(-1) === 13 ? line.subarray(0, -1) : line;
    lines.push(printable(content));
    if (end < 0) return lines;
    start = end + 1;
  }
}

function hostOf(authority: string): string | null {
  return AUTHORITY.exec(authority)?.[1] || null;
}
