import type { CommandDef } from "citty";
import type { Client } from "../protocol/client.ts";
import { HUNT_KINDS, type HuntHit, type HuntQuery } from "../protocol/hunt.ts";
import { usage } from "./arguments.ts";
import { printJson, printLines, table, tellMore, time } from "./output.ts";
import { given, type Page } from "./paging.ts";
import { serverLeaf } from "./server-command.ts";
import { parseDuration, parseLimit } from "./values.ts";

const pattern = (description: string) => ({ type: "string", valueHint: "pattern", description }) as const;

export const command: CommandDef = serverLeaf({
  args: {
    dns: pattern("A name that was looked up, e.g. *.evil.example."),
    host: pattern("A host that was spoken to by HTTP or HTTPS."),
    ip: pattern("An address that was connected to, e.g. 192.0.2.7 or *:4444."),
    path: pattern("A path that was read, written or deleted, e.g. */.npmrc."),
    exec: pattern("A program that was run, by its path or its name, e.g. curl."),
    value: pattern("Any value of any category."),
    package: { type: "string", valueHint: "name", description: "Only in this package." },
    actor: { type: "string", valueHint: "name", description: "Only by this actor, e.g. import or script:*." },
    since: { type: "string", valueHint: "time", description: "Only what was seen since, e.g. 30d or 2026-01-31." },
    limit: { type: "string", valueHint: "number", default: "100", description: "How many at most." },
  },
  run: async ({ args, client, terminal }) => {
    const asked = HUNT_KINDS.filter((kind) => args[kind] !== undefined);
    const [kind] = asked;
    if (kind === undefined || asked.length > 1) {
      throw usage("A hunt is for exactly one of --dns, --host, --ip, --path, --exec and --value.", "fangs hunt");
    }
    const query: HuntQuery = {
      [kind]: args[kind],
      ...given({ package: args.package, actor: args.actor }),
      ...(args.since === undefined ? {} : { since: parseMoment(args.since) }),
    };
    const { items, next } = await collectHits(client, query, parseLimit(args.limit));
    if (args.json) return printJson(terminal, "fangs.hunt/1", { hits: items, more: next !== null });
    if (items.length === 0) return terminal.err("No run ever showed that.\n");
    printLines(terminal, table(COLUMNS, items.map(cells)));
    tellMore(terminal, next);
  },
});

// --- internal ---

const COLUMNS = ["VALUE", "CATEGORY", "PACKAGE", "ACTOR", "RUNS", "VERSIONS", "FIRST", "LAST", "LAST RUN"].map(
  (title) => ({ title, right: title === "RUNS" }),
);
const SHOWN_VERSIONS = 4;
const PAGE = 500;

/** A page without hits need not be the last: the server looks at so many values at a time. */
async function collectHits(client: Client, query: HuntQuery, limit: number): Promise<Page<HuntHit, string>> {
  const items: HuntHit[] = [];
  let next: string | null = null;
  do {
    const most = Math.min(PAGE, limit - items.length);
    const page = await client.hunt({ ...query, limit: most, ...(next === null ? {} : { after: next }) });
    items.push(...page.hits);
    next = page.next;
  } while (next !== null && items.length < limit);
  return { items, next };
}

function cells({ value, category, package: name, actor, runs, versions, first, last }: HuntHit): string[] {
  const more = versions.length > SHOWN_VERSIONS ? ` +${versions.length - SHOWN_VERSIONS}` : "";
  const shown = versions.slice(0, SHOWN_VERSIONS).join(" ") + more;
  return [value, category, name, actor, String(runs), shown, time(first.at), time(last.at), last.run_id];
}

/** A length of time before now, or a date. */
function parseMoment(text: string): number {
  if (/^\d{4}-\d{2}-\d{2}/.test(text)) {
    const moment = Date.parse(text);
    if (!Number.isNaN(moment)) return moment;
  }
  return Math.max(0, Date.now() - parseDuration(text));
}
