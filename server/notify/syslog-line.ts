/** A message as RFC 5424 has it. */
import { hostname } from "node:os";
import type { Severity } from "../../protocol/facts.ts";
import type { Message } from "./message.ts";
import { oneLine } from "./text.ts";

/** local0: nobody else's. */
const FACILITY = 16;
const LEVELS: Readonly<Record<Severity, number>> = { critical: 2, high: 3, medium: 4, low: 5 };
const WARNING = 4;
const INFORMATIONAL = 6;
/** The number that RFC 5612 gives to whoever has none. */
const ENTERPRISE = 32473;

/**
 * The line, without framing: header, the few fields that collectors filter by, then the JSON behind a byte order mark, which says that it is
 * UTF-8. The JSON is on one line already (render.ts).
 */
export function syslogLine(message: Message, json: string, host: string = hostname()): string {
  const { at, on, run, maxSeverity } = message;
  const level = on === "test" ? INFORMATIONAL : maxSeverity === null ? WARNING : LEVELS[maxSeverity];
  const header = [
    `<${FACILITY * 8 + level}>1`,
    new Date(at).toISOString(),
    headerField(host, 255),
    "fangs",
    String(process.pid),
    headerField(on, 32),
  ].join(" ");
  const fields = { event: on, run: run.id, package: run.package, version: run.version, severity: maxSeverity ?? "" };
  const data = Object.entries(fields).map(([name, value]) => ` ${name}="${parameter(value)}"`);
  return `${header} [fangs@${ENTERPRISE}${data.join("")}] \ufeff${json}`;
}

// --- internal ---

/** Printable ASCII without spaces; `-` for nothing. */
function headerField(text: string, limit: number): string {
  return text.replace(/[^\x21-\x7e]/g, "").slice(0, limit) || "-";
}

/** A value between quotes: no control breaks the line, and `"`, `\` and `]` are escaped (6.3.3). */
function parameter(value: string): string {
  return oneLine(value, 300).replace(/["\\\]]/g, (character) => `\\${character}`);
}
