import type { Run } from "../protocol/models.ts";
import { painter, printLines, STATE_STYLE, table, time } from "./output.ts";
import type { Terminal } from "./terminal.ts";

/** Prints runs as a table; that there are none is told on stderr. */
export function printRuns(terminal: Terminal, runs: readonly Run[]): void {
  if (runs.length === 0) return terminal.err("No runs.\n");
  const paint = painter(terminal.colors.out);
  const rows = runs.map((run) => [
    run.id,
    run.package,
    run.version,
    run.kind,
    run.state,
    run.verdict ?? "-",
    run.max_severity ?? "-",
    String(run.deviations),
    String(run.open),
    run.events.toLocaleString("en"),
    time(run.created_at),
  ]);
  const columns = ["RUN", "PACKAGE", "VERSION", "KIND", "STATE", "VERDICT", "WORST"].map((title) => ({ title }));
  const numbers = ["DEVIATIONS", "OPEN", "EVENTS"].map((title) => ({ title, right: true }));
  const lines = table([...columns, ...numbers, { title: "CREATED" }], rows, (text, column, row) => {
    const run = runs[row]!;
    const style =
      column === STATE_COLUMN
        ? STATE_STYLE[run.state]
        : column === VERDICT_COLUMN && run.verdict !== null
          ? STATE_STYLE[run.verdict]
          : undefined;
    return style === undefined ? text : paint(style, text);
  });
  printLines(terminal, lines);
}

const STATE_COLUMN = 4;
const VERDICT_COLUMN = 5;
