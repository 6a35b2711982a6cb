import type { CommandDef } from "citty";
import type { RunEvent } from "../protocol/models.ts";
import { printJson, printLines, table, tellMore } from "./output.ts";
import { collect, given } from "./paging.ts";
import { safe } from "./safe.ts";
import { serverLeaf } from "./server-command.ts";
import { parseCount, parseLimit } from "./values.ts";

/** `fangs run events` */
export const events: CommandDef = serverLeaf({
  description: "List what a run did, in order.",
  args: {
    id: { type: "positional", required: true, description: "The id of the run, or enough of its beginning." },
    type: { type: "string", description: "Only events of this type, e.g. exec or open." },
    process: {
      type: "string",
      valueHint: "number",
      description: "Only events of this process, by its number in `run tree`.",
    },
    explain: {
      type: "boolean",
      description: "Tell what each event was compared as: the value before and after, and the rules in between.",
    },
    limit: { type: "string", valueHint: "number", default: "200", description: "How many at most." },
  },
  run: async ({ args, client, terminal }) => {
    const process = args.process === undefined ? undefined : parseCount(args.process);
    const { items, next } = await collect<RunEvent, number>(parseLimit(args.limit), async (limit, after) => {
      const page = await client.events(args.id, {
        limit,
        ...given({ type: args.type, process, after, explain: args.explain === true ? true : undefined }),
      });
      return { items: page.events, next: page.next };
    });
    if (args.json) return printJson(terminal, "fangs.events/1", { events: items, more: next !== null });
    if (items.length === 0) return terminal.err("No events.\n");
    const rows = items.map((event) => [
      String(event.event),
      (event.time_ms / 1000).toFixed(3),
      event.phase,
      String(event.process),
      event.actor,
      event.type,
      event.result,
      event.summary,
    ]);
    const lines = table(COLUMNS, rows);
    // The first line is the head.
    printLines(terminal, [...lines.slice(0, 1), ...items.flatMap((event, i) => [lines[i + 1]!, ...factLines(event)])]);
    tellMore(terminal, next);
  },
});

/** What an event was compared as, below it. */
function factLines({ facts = [] }: RunEvent): string[] {
  return facts.map(({ category, before, after, rules }) => {
    const change = before === after ? safe(after, 300) : `${safe(before, 300)} → ${safe(after, 300)}`;
    return `       ${safe(category)}: ${change}${rules.length === 0 ? "" : ` (${safe(rules.join(", "))})`}`;
  });
}

const COLUMNS = [
  { title: "EVENT", right: true },
  { title: "SECONDS", right: true },
  { title: "PHASE" },
  { title: "PROCESS", right: true },
  { title: "ACTOR" },
  { title: "TYPE" },
  { title: "RESULT" },
  { title: "WHAT" },
];
