import type { CommandDef } from "citty";
import type { BenchReport } from "../tests/bench/compare.ts";
import { server } from "./bench-server.ts";
import { group, jsonArgs, leaf } from "./command.ts";
import { printJson, printLines, table } from "./output.ts";
import type { Terminal } from "./terminal.ts";

const differ: CommandDef = leaf({
  description: "Time the comparing core against other ways to do the same, on recorded runs.",
  args: { ...jsonArgs },
  async run({ args, terminal }) {
    const { compareContenders } = await import("../tests/bench/compare.ts");
    const { benchAssets } = await import("../tests/bench/embedded.ts");
    const report = await compareContenders({
      ...benchAssets(),
      native: "native code needs gcc and the checkout, where `bun tests/bench/differ.ts` has it",
      tell: (line) => terminal.err(`${line}\n`),
    });
    await printReport(terminal, report, args.json === true);
  },
});

export const command: CommandDef = group({ differ, server });

/** Prints both tables, or the figures as one JSON object. */
export async function printReport(terminal: Terminal, report: BenchReport, json: boolean): Promise<void> {
  const { ANALYSIS_TITLES, COMPARISON_TITLES, reportFigures, reportRows } = await import("../tests/bench/report.ts");
  if (json) {
    printJson(terminal, "fangs.bench/1", reportFigures(report));
    return;
  }
  const { comparison, analysis, notes } = reportRows(report);
  const columns = (titles: readonly string[]) =>
    titles.map((title) => ({ title, right: /µs|×|FACTS|EVENTS/.test(title) }));
  printLines(terminal, [
    "Comparing facts with a baseline, bytes to deltas:",
    ...table(columns(COMPARISON_TITLES), comparison),
    "",
    "From a stored trace to a verdict, without reading it from the store:",
    ...table(columns(ANALYSIS_TITLES), analysis),
    "",
    ...notes,
  ]);
}
