import type { CommandDef } from "citty";
import type { RunProcess } from "../protocol/models.ts";
import { processLabel } from "./deviation-tree.ts";
import { type Paint, painter, printJson, printLines } from "./output.ts";
import { safe } from "./safe.ts";
import { serverLeaf } from "./server-command.ts";

/** `fangs run tree` */
export const tree: CommandDef = serverLeaf({
  description: "Show the processes of a run as a tree, with how many events each has of which type.",
  args: { id: { type: "positional", required: true, description: "The id of the run, or enough of its beginning." } },
  run: async ({ args, client, terminal }) => {
    const { processes } = await client.tree(args.id);
    if (args.json) return printJson(terminal, "fangs.tree/1", { processes });
    if (processes.length === 0) return terminal.err("No processes.\n");
    printLines(terminal, processTree(processes, painter(terminal.colors.out)));
  },
});

/** Processes as lines of a tree. One whose parent is unknown, or that is its own ancestor, stands at the left. */
export function processTree(processes: readonly RunProcess[], paint: Paint): string[] {
  const children = Map.groupBy(processes, ({ parent }) => parent);
  const known = new Set(processes.map(({ process }) => process));
  const shown = new Set<number>();
  const lines: string[] = [];
  const show = (start: RunProcess): void => {
    // A stack of its own: a chain of forks can be deeper than JavaScript's.
    const waiting = [{ process: start, stem: "", mark: "" }];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const { process, stem, mark } = next;
      if (shown.has(process.process)) continue;
      shown.add(process.process);
      lines.push(`${stem}${mark}${processLine(process, paint)}`);
      const indent = mark === "" || stem.length > DEEPEST ? stem : stem + (mark === LAST ? "   " : "│  ");
      const own = children.get(process.process) ?? [];
      for (let index = own.length - 1; index >= 0; index--)
        waiting.push({ process: own[index]!, stem: indent, mark: index === own.length - 1 ? LAST : "├─ " });
    }
  };
  for (const process of processes) if (process.parent === null || !known.has(process.parent)) show(process);
  for (const process of processes) show(process);
  return lines;
}

// --- internal ---

const LAST = "└─ ";
/** Columns of indentation behind which the tree grows no wider: a bomb of forks must not fill the screen. */
const DEEPEST = 90;

function processLine(process: RunProcess, paint: Paint): string {
  const tallies = Object.entries(process.tallies).map(
    ([type, number]) => `${safe(type)} ${number.toLocaleString("en")}`,
  );
  const about = [
    `#${process.process}`,
    safe(process.actor),
    safe(process.phase),
    ...(process.exit === null ? [] : [safe(process.exit)]),
    ...tallies,
  ];
  return `${processLabel(process)}  ${paint("dim", about.join(" · "))}`;
}
