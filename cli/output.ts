import type { Severity } from "../protocol/facts.ts";
import type { RunState, Verdict } from "../protocol/models.ts";
import { VERSION } from "./manifest.ts";
import { safeJson } from "../protocol/printable.ts";
import { safe } from "./safe.ts";
import type { Terminal } from "./terminal.ts";

/** A style of text for people. */
export type Style = "alarm" | "bold" | "dim" | "red" | "green" | "yellow" | "cyan";
/** Styles a text, or leaves it as it is where colours are off. */
export type Paint = (style: Style, text: string) => string;

/** Prints the answer of a command: one JSON object with its schema, e.g. `fangs.run/1`, and the version of fangs. */
export function printJson(terminal: Terminal, schema: string, body: Record<string, unknown>): void {
  terminal.out(`${safeJson({ schema, version: VERSION, ...body })}\n`);
}

/** Prints lines on stdout. */
export function printLines(terminal: Terminal, lines: readonly string[]): void {
  if (lines.length > 0) terminal.out(`${lines.join("\n")}\n`);
}

/** Tells people that a list was cut at its limit. */
export function tellMore(terminal: Terminal, next: unknown): void {
  if (next !== null) terminal.err("There are more: raise --limit.\n");
}

/** The painter for stdout or stderr. */
export function painter(colors: boolean): Paint {
  return colors ? (style, text) => `\x1b[${CODES[style]}m${text}\x1b[0m` : (_, text) => text;
}

/** A column; cells of `right` are numbers. */
export interface Column {
  title: string;
  right?: boolean;
}

/**
 * Lines of a table, a title on top, two spaces between columns. Cells are untrusted and escaped here; `paint`
 * gets a cell when its width is settled, so that colours do not shift columns.
 */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  paint: (text: string, column: number, row: number) => string = (text) => text,
): string[] {
  const cells = rows.map((row) => row.map((cell) => safe(cell, 200)));
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...cells.map((row) => Bun.stringWidth(row[index] ?? ""))),
  );
  const line = (row: readonly string[], color: (text: string, column: number) => string): string =>
    columns
      .map(({ right }, index) => {
        const text = row[index] ?? "";
        const padding = " ".repeat(widths[index]! - Bun.stringWidth(text));
        return right === true ? padding + color(text, index) : color(text, index) + padding;
      })
      .join("  ")
      .trimEnd();
  return [
    line(
      columns.map(({ title }) => title),
      (text) => text,
    ),
    ...cells.map((row, index) => line(row, (text, column) => paint(text, column, index))),
  ];
}

/** Lines of `term  meaning`, aligned. Meanings are untrusted and escaped here. */
export function pairs(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([term]) => term.length));
  return rows.map(([term, meaning]) => `${term.padEnd(width)}  ${safe(meaning)}`.trimEnd());
}

/** A time as people and `sort` read it, in UTC; a dash where there is none. */
export function time(milliseconds: number | null): string {
  return milliseconds === null ? "-" : `${new Date(milliseconds).toISOString().slice(0, 19).replace("T", " ")}Z`;
}

/** A size for people: 1234 is `1.2 KB`. */
export function bytes(number: number): string {
  const unit = ["bytes", "KB", "MB", "GB", "TB"];
  let size = number;
  let at = 0;
  for (; size >= 1000 && at < unit.length - 1; at++) size /= 1000;
  return `${at === 0 ? size : size.toFixed(1)} ${unit[at]}`;
}

/** `1 event`, `1,204 events`. */
export function count(number: number, noun: string): string {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}

/** The style of a severity. */
export const SEVERITY_STYLE: Readonly<Record<Severity, Style>> = {
  low: "dim",
  medium: "yellow",
  high: "red",
  critical: "alarm",
};

/** The style of a state or a verdict; undefined shows it plain. */
export const STATE_STYLE: Readonly<Partial<Record<RunState | Verdict, Style>>> = {
  failed: "red",
  deviant: "red",
  clean: "green",
  seeded: "green",
  inconclusive: "yellow",
};

// --- internal ---

const CODES: Readonly<Record<Style, string>> = {
  alarm: "1;31",
  bold: "1",
  dim: "2",
  red: "31",
  green: "32",
  yellow: "33",
  cyan: "36",
};
