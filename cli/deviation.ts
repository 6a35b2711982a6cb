import type { CommandDef } from "citty";
import { chainTitle } from "../protocol/chains.ts";
import { SEVERITIES } from "../protocol/facts.ts";
import { type Deviation, DEVIATION_STATES } from "../protocol/models.ts";
import type { DeviationQuery } from "../protocol/requests.ts";
import { group } from "./command.ts";
import { categoryTitle, elsewhere, processLabel } from "./deviation-tree.ts";
import { count, painter, pairs, printJson, printLines, SEVERITY_STYLE, table, tellMore, time } from "./output.ts";
import { safe } from "./safe.ts";
import { chosen, collectNewest, given } from "./paging.ts";
import { serverLeaf } from "./server-command.ts";
import { parseLimit } from "./values.ts";

const list = serverLeaf({
  description: "List deviations.",
  args: {
    run: { type: "string", valueHint: "id", description: "Only of this run." },
    package: { type: "string", valueHint: "name", description: "Only of this package." },
    severity: { type: "enum", options: [...SEVERITIES], description: "Only of this severity; can be repeated." },
    state: { type: "enum", options: [...DEVIATION_STATES], description: "Only in this state; can be repeated." },
    limit: { type: "string", valueHint: "number", default: "100", description: "How many at most." },
  },
  run: async ({ args, all, client, terminal }) => {
    const states = chosen(DEVIATION_STATES, all("state"));
    const filters = chosen(SEVERITIES, all("severity")).flatMap((severity) =>
      states.map((state) => given({ run: args.run, package: args.package, severity, state })),
    );
    const { items, next } = await collectNewest<DeviationQuery, Deviation>(
      filters,
      parseLimit(args.limit),
      async (filter, limit, before) => {
        const page = await client.deviations({ ...filter, limit, ...given({ before }) });
        return { items: page.deviations, next: page.next };
      },
    );
    if (args.json) return printJson(terminal, "fangs.deviations/1", { deviations: items, more: next !== null });
    if (items.length === 0) return terminal.err("No deviations.\n");
    const paint = painter(terminal.colors.out);
    const rows = items.map((found) => [
      found.id,
      found.severity,
      found.state,
      `${found.package} ${found.version}`,
      found.actor,
      found.category,
      found.value,
    ]);
    const lines = table(COLUMNS, rows, (text, column, row) =>
      column === SEVERITY_COLUMN ? paint(SEVERITY_STYLE[items[row]!.severity], text) : text,
    );
    printLines(terminal, lines);
    tellMore(terminal, next);
  },
});

const show = serverLeaf({
  description: "Show one deviation with its evidence and the processes that led to it.",
  args: { id: { type: "positional", required: true, description: "The id, or enough of its beginning." } },
  run: async ({ args, client, terminal }) => {
    const deviation = await client.deviation(args.id);
    if (args.json) printJson(terminal, "fangs.deviation/1", { deviation });
    else printLines(terminal, deviationLines(deviation));
  },
});

const idsArg = {
  type: "positional",
  required: true,
  valueHint: "id…",
  description: "The ids, or enough of their beginnings or ends; all of them or none.",
} as const;
const reasonArg = { type: "string", valueHint: "text", required: true, description: "Why; it is kept." } as const;

const promote = serverLeaf({
  description: "Accept single behaviours into the baseline of their package. A leak cannot be accepted.",
  args: { ids: idsArg, reason: reasonArg },
  run: async ({ args, client, terminal }) => {
    const { promoted } = await client.promoteDeviations({ ids: args._, reason: args.reason });
    if (args.json) printJson(terminal, "fangs.promotion/1", { promoted });
    else printLines(terminal, [`${count(promoted, "deviation")} accepted into the baseline`]);
  },
});

const reject = serverLeaf({
  description: "Reject single behaviours: they are deviations for ever.",
  args: { ids: idsArg, reason: reasonArg },
  run: async ({ args, client, terminal }) => {
    const { rejected } = await client.rejectDeviations({ ids: args._, reason: args.reason });
    if (args.json) printJson(terminal, "fangs.rejection/1", { rejected });
    else printLines(terminal, [`${count(rejected, "deviation")} rejected`]);
  },
});

export const command: CommandDef = group({ list, show, promote, reject });

/** Everything there is to say of a deviation, its processes as a chain from the phase's root. */
export function deviationLines(deviation: Deviation): string[] {
  const { evidence } = deviation;
  return [
    `${deviation.severity} ${categoryTitle(deviation.category)}: ${safe(deviation.value)}`,
    "",
    ...pairs([
      ["deviation", deviation.id],
      ["state", deviation.state],
      ["rejected before", deviation.rejected_before ?? "-"],
      ["elsewhere", elsewhere(deviation.other_packages)],
      ["package", `${deviation.package} ${deviation.version}`],
      ["run", deviation.run_id],
      ["actor", deviation.actor],
      ["category", deviation.category],
      ["chain", deviation.chain === null ? "-" : `step ${deviation.step ?? "?"} of: ${chainTitle(deviation.chain)}`],
      ["drift", deviation.drift ? "yes: the world changed, the release before shows it today, too" : "no"],
      ["found", time(deviation.created_at)],
      ["observed", evidence.observed],
      ["result", evidence.result || "-"],
      ["when", `${evidence.phase} +${(evidence.time_ms / 1000).toFixed(3)} s, event ${evidence.event}`],
      ["times", evidence.count.toLocaleString("en")],
    ]),
    "",
    "processes",
    ...evidence.processes.flatMap((process, depth) => {
      const indent = "   ".repeat(Math.min(depth, 30));
      return [
        `  ${indent}${depth === 0 ? "" : "└─ "}${processLabel(process)}`,
        `  ${indent}${depth === 0 ? "" : "   "}  ${safe(process.binary)} in ${safe(process.cwd)}`,
      ];
    }),
  ];
}

// --- internal ---

const COLUMNS = ["DEVIATION", "SEVERITY", "STATE", "RELEASE", "ACTOR", "CATEGORY", "VALUE"].map((title) => ({ title }));
const SEVERITY_COLUMN = 1;
