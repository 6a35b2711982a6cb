/** The log of a process on stderr: one line an entry, as text or as JSON. What strangers wrote in it is escaped. */
import { printableText, safeJson } from "../protocol/printable.ts";

export const LEVELS = ["debug", "info", "warn", "error"] as const;

export type Level = (typeof LEVELS)[number];

/** What goes with a message; an Error is written with its stack. */
export type Fields = Readonly<Record<string, unknown>>;

export interface LogOptions {
  /** The least level that is written. */
  level: Level;
  format: "text" | "json";
  write(line: string): void;
}

// Until a process says otherwise: only what is wrong, as a person reads it.
let options: LogOptions = { level: "warn", format: "text", write: (line) => void process.stderr.write(line) };

/** Changes how this process logs; answers with how it logged before. */
export function configureLog(changes: Partial<LogOptions>): LogOptions {
  const before = options;
  options = { ...options, ...changes };
  return before;
}

export const log = {
  debug: (message: string, fields?: Fields): void => entry("debug", message, fields),
  info: (message: string, fields?: Fields): void => entry("info", message, fields),
  warn: (message: string, fields?: Fields): void => entry("warn", message, fields),
  error: (message: string, fields?: Fields): void => entry("error", message, fields),
};

// --- internal ---

/** Characters of a message or a field; a stack has more of them than anything that a stranger should fill the disk with. */
const LONGEST = 4096;

function entry(level: Level, message: string, fields: Fields = {}): void {
  if (LEVELS.indexOf(level) < LEVELS.indexOf(options.level)) return;
  const time = new Date().toISOString();
  options.write(
    options.format === "json" ? asJson(time, level, message, fields) : asText(time, level, message, fields),
  );
}

function asJson(time: string, level: Level, message: string, fields: Fields): string {
  const written = Object.entries(fields).map(([name, value]) => [name, plain(value)]);
  // Twice, so that they come first and no field takes their place.
  const own = { time, level, message: cut(message) };
  return `${safeJson({ ...own, ...Object.fromEntries(written), ...own })}\n`;
}

function asText(time: string, level: Level, message: string, fields: Fields): string {
  const words = [`${time.slice(0, 19)}Z`, ...(level === "info" ? [] : [level]), printableText(cut(message))];
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    const known = plain(value);
    words.push(`${name}=${typeof known === "string" && /^[\w./:@-]+$/.test(known) ? known : safeJson(known ?? null)}`);
  }
  return `${words.join(" ")}\n`;
}

function plain(value: unknown): unknown {
  if (value instanceof Error) return cut(Bun.inspect(value, { colors: false }));
  return typeof value === "string" ? cut(value) : value;
}

function cut(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}… (+${text.length - LONGEST})`;
}
