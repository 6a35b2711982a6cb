import type { CommandDef } from "citty";
import type { Release } from "../protocol/models.ts";
import { group } from "./command.ts";
import { painter, printJson, printLines, STATE_STYLE, table, tellMore, time } from "./output.ts";
import { collect, given } from "./paging.ts";
import { serverLeaf } from "./server-command.ts";
import { parseLimit } from "./values.ts";

const list = serverLeaf({
  description: "List the releases of a package that were examined, with the verdicts of their runs.",
  args: {
    name: { type: "positional", required: true, description: "The npm name." },
    limit: { type: "string", valueHint: "number", default: "50", description: "How many releases at most." },
  },
  run: async ({ args, client, terminal }) => {
    const { items, next } = await collect<Release, string>(parseLimit(args.limit), async (limit, before) => {
      const page = await client.releases(args.name, { limit, ...given({ before }) });
      return { items: page.releases, next: page.next };
    });
    if (args.json) return printJson(terminal, "fangs.releases/1", { releases: items, more: next !== null });
    if (items.length === 0) return terminal.err("No releases.\n");
    const sorted = items.toSorted((a, b) => Bun.semver.order(b.version, a.version));
    const runs = sorted.flatMap((release) => release.runs);
    const rows = sorted.flatMap((release) =>
      release.runs.map((run, i) => [
        i === 0 ? release.version : "",
        run.id,
        run.kind,
        run.verdict ?? run.state,
        run.decision ?? "-",
        ...[run.open, run.promoted, run.rejected].map(String),
        time(run.created_at),
      ]),
    );
    const paint = painter(terminal.colors.out);
    const lines = table(COLUMNS, rows, (text, column, row) => {
      const style = column === 3 ? STATE_STYLE[runs[row]!.verdict ?? runs[row]!.state] : undefined;
      return style === undefined ? text : paint(style, text);
    });
    printLines(terminal, lines);
    tellMore(terminal, next);
  },
});

export const command: CommandDef = group({ list });

// --- internal ---

const COLUMNS = [
  ...["VERSION", "RUN", "KIND", "VERDICT", "DECISION"].map((title) => ({ title })),
  ...["OPEN", "PROMOTED", "REJECTED"].map((title) => ({ title, right: true })),
  { title: "CREATED" },
];
