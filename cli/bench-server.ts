import type { CommandDef } from "citty";
import { jsonArgs, leaf } from "./command.ts";
import { ownCommand } from "./own-command.ts";
import { printJson, printLines, table } from "./output.ts";

export const server: CommandDef = leaf({
  description: "Time the server: taking runs in, run pages, hunting, watching.",
  args: {
    ...jsonArgs,
    store: {
      type: "string",
      valueHint: "url",
      description: "An empty Postgres to measure besides SQLite: postgres://….",
    },
  },
  async run({ args, terminal }) {
    const { benchServer } = await import("../tests/bench/server/bench.ts");
    const { benchAssets } = await import("../tests/bench/embedded.ts");
    const { run, short } = benchAssets();
    const report = await benchServer({
      command: ownCommand(),
      recordings: [short, run],
      ...(args.store === undefined ? {} : { postgres: args.store }),
      tell: (line) => terminal.err(`${line}\n`),
    });
    const { HUNT_TITLES, INGEST_TITLES, PAGE_TITLES, serverFigures, serverRows } =
      await import("../tests/bench/server/report.ts");
    if (args.json) return printJson(terminal, "fangs.bench-server/1", serverFigures(report));
    const { ingest, pages, hunt, notes } = serverRows(report);
    const columns = (titles: readonly string[]) =>
      titles.map((title) => ({ title, right: /EVENTS|ms|s$|%|MB/.test(title) }));
    printLines(terminal, [
      "From upload to stored verdict, runs of 1,000 events:",
      ...table(columns(INGEST_TITLES), ingest),
      "",
      "What a run's page asks for:",
      ...table(columns(PAGE_TITLES), pages),
      "",
      `Hunting among ${report.hunt.fingerprints.toLocaleString("en")} fingerprints:`,
      ...table(columns(HUNT_TITLES), hunt),
      "",
      ...notes,
    ]);
  },
});
