import type { CommandDef } from "citty";
import type { Baseline, BaselineChange } from "../protocol/models.ts";
import { baselineYaml, parseBaselineFile } from "./baseline-file.ts";
import { group } from "./command.ts";
import { readTextFile } from "./file.ts";
import { count, painter, printJson, printLines, table, tellMore, time } from "./output.ts";
import { collect, given } from "./paging.ts";
import { safe } from "./safe.ts";
import { serverLeaf } from "./server-command.ts";
import { parseCount, parseLimit } from "./values.ts";

const packageArg = {
  type: "positional",
  required: true,
  valueHint: "package",
  description: "The name of a package.",
} as const;
const nodeArg = {
  type: "string",
  valueHint: "major",
  description: "The baseline for this major of Node.js; else the highest.",
} as const;
const reasonArg = { type: "string", valueHint: "text", required: true, description: "Why; it is kept." } as const;

const show = serverLeaf({
  description: "Show what a package is known to do, by actor, and which releases showed it.",
  args: { package: packageArg, node: nodeArg },
  run: async ({ args, client, terminal }) => {
    const baseline = await client.baseline(args.package, nodeQuery(args.node));
    if (args.json) printJson(terminal, "fangs.baseline/1", { baseline });
    else printLines(terminal, baselineLines(baseline));
  },
});

const promote = serverLeaf({
  description: "Accept everything a run did into the baseline of its package.",
  args: {
    run: {
      type: "positional",
      required: true,
      valueHint: "run-id",
      description: "The id of the run, or enough of its beginning.",
    },
    reason: { type: "string", valueHint: "text", default: "promoted by hand", description: "Why; it is kept." },
  },
  run: async ({ args, client, terminal }) => {
    const { promoted } = await client.promoteRun(args.run, args.reason);
    if (args.json) printJson(terminal, "fangs.promotion/1", { promoted });
    else printLines(terminal, [`${count(promoted, "deviation")} accepted into the baseline`]);
  },
});

const undo = serverLeaf({
  description: "Take back the last promotion, rejection, rebuild, import or reset; again: the one before.",
  args: {
    package: packageArg,
    reason: { type: "string", valueHint: "text", default: "undone by hand", description: "Why; it is kept." },
  },
  run: async ({ args, client, terminal }) => {
    const { undone } = await client.undoBaseline(args.package, args.reason);
    if (args.json) printJson(terminal, "fangs.undo/1", { undone });
    else printLines(terminal, [`${undone} of ${safe(args.package)} is taken back`]);
  },
});

const history = serverLeaf({
  description: "List who changed a baseline, when, how and why; the newest first.",
  args: {
    package: packageArg,
    limit: { type: "string", valueHint: "number", default: "20", description: "How many at most." },
  },
  run: async ({ args, client, terminal }) => {
    const { items, next } = await collect<BaselineChange, string>(parseLimit(args.limit), async (limit, before) => {
      const page = await client.baselineHistory(args.package, { limit, ...given({ before }) });
      return { items: page.changes, next: page.next };
    });
    if (args.json) return printJson(terminal, "fangs.history/1", { changes: items, more: next !== null });
    if (items.length === 0) return terminal.err("No changes.\n");
    const paint = painter(terminal.colors.out);
    printLines(
      terminal,
      items.flatMap((change) => changeLines(change, (line) => paint(line.startsWith("+") ? "green" : "red", line))),
    );
    tellMore(terminal, next);
  },
});

const rebuild = serverLeaf({
  description: "Make a baseline anew from the runs that were accepted.",
  args: { package: packageArg, reason: reasonArg },
  run: async ({ args, client, terminal }) => {
    const baseline = await client.rebuildBaseline(args.package, args.reason);
    if (args.json) printJson(terminal, "fangs.baseline/1", { baseline });
    else printLines(terminal, [headline(baseline)]);
  },
});

const exporting = serverLeaf({
  description: "Print a baseline as a file for `baseline import`.",
  args: { package: packageArg, node: nodeArg },
  run: async ({ args, client, terminal }) => {
    const baseline = await client.baseline(args.package, nodeQuery(args.node));
    if (args.json) printJson(terminal, "fangs.baseline/1", { baseline });
    else terminal.out(baselineYaml(baseline));
  },
});

const importing = serverLeaf({
  description: "Put the baseline of a file in the place of the package's.",
  args: {
    file: { type: "positional", required: true, description: "What `baseline export` printed; - for stdin." },
    reason: { type: "string", valueHint: "text", default: "imported by hand", description: "Why; it is kept." },
  },
  run: async ({ args, client, terminal }) => {
    const { package: name, ...rest } = parseBaselineFile(await readTextFile(args.file), args.file);
    const baseline = await client.importBaseline(name, { ...rest, reason: args.reason });
    if (args.json) printJson(terminal, "fangs.baseline/1", { baseline });
    else printLines(terminal, [headline(baseline)]);
  },
});

export const command: CommandDef = group({
  show,
  promote,
  rebuild,
  history,
  undo,
  export: exporting,
  import: importing,
});

// --- internal ---

function nodeQuery(node: string | undefined): { node?: number } {
  return node === undefined ? {} : { node: parseCount(node) };
}

function headline({ package: name, node_major, versions, maturity, entries }: Baseline): string {
  const built = versions.length === 0 ? "" : ` (${versions.join(", ")})`;
  return safe(
    `${name} on Node.js ${node_major}: ${count(entries.length, "behaviour")} from ${count(maturity, "version")}${built}`,
  );
}

function baselineLines(baseline: Baseline): string[] {
  const { entries, versions, node_major, node_majors } = baseline;
  const lines = [headline(baseline)];
  const others = node_majors.filter((major) => major !== node_major);
  if (others.length > 0) lines.push(`There is one for Node.js ${others.join(", ")} too: --node ${others[0]}.`);
  if (entries.length === 0) return lines;
  const rows = entries.map((entry) => [
    entry.actor,
    entry.category,
    entry.value,
    entry.first_version,
    entry.last_version,
    entry.versions.length === versions.length ? "all" : entry.versions.join(", ") || "imported",
  ]);
  lines.push("", ...table(COLUMNS, rows));
  const partial = entries.filter(({ versions: own }) => own.length > 0 && own.length < versions.length);
  if (partial.length === 0) return lines;
  const some = partial.map((entry) => [entry.versions.join(", "), entry.actor, entry.category, entry.value]);
  lines.push("", `seen in only some releases: ${partial.length} of ${entries.length}`);
  return [...lines, ...table(SOME_COLUMNS, some)];
}

const COLUMNS = ["ACTOR", "CATEGORY", "VALUE", "SINCE", "LAST SEEN", "SHOWN BY"].map((title) => ({ title }));
const SOME_COLUMNS = ["SHOWN BY", "ACTOR", "CATEGORY", "VALUE"].map((title) => ({ title }));

function changeLines(change: BaselineChange, paint: (line: string) => string): string[] {
  const undone = change.undone ? " (undone)" : "";
  const why = change.reason === null ? "" : `: ${safe(change.reason)}`;
  return [
    `${time(change.at)} ${safe(change.actor)} ${safe(change.action)}${undone}${why}`,
    ...change.added.map((line) => `  ${paint(`+ ${safe(line, 300)}`)}`),
    ...change.removed.map((line) => `  ${paint(`- ${safe(line, 300)}`)}`),
  ];
}
