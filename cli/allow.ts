import type { CommandDef } from "citty";
import { ALLOW_KINDS, type AllowEntry } from "../protocol/models.ts";
import { allowYaml, parseAllowFile } from "./allow-file.ts";
import { group } from "./command.ts";
import { readTextFile } from "./file.ts";
import { count, printJson, printLines, table, tellMore, time } from "./output.ts";
import { collect, given, type Page } from "./paging.ts";
import { safe } from "./safe.ts";
import { serverLeaf } from "./server-command.ts";
import { parseDuration, parseLimit } from "./values.ts";
import type { Client } from "../protocol/client.ts";

const add = serverLeaf({
  description: "Allow a behaviour: it is no deviation any more. A leak cannot be allowed.",
  args: {
    kind: { type: "enum", options: [...ALLOW_KINDS], required: true, description: "What it is about." },
    value: {
      type: "string",
      required: true,
      description: "E.g. telemetry.example, *.example, 192.0.2.0/24, /tmp/some-cache/ (with all below it).",
    },
    package: { type: "string", valueHint: "name", description: "Only of this package; else of all." },
    actor: { type: "string", valueHint: "name", description: "Only by this actor, e.g. import." },
    expires: { type: "string", valueHint: "time", description: "For how long, e.g. 30d; else until it is removed." },
    note: { type: "string", valueHint: "text", default: "", description: "Why; it is kept." },
  },
  run: async ({ args, client, terminal }) => {
    const entry = await client.addAllow({
      kind: args.kind,
      value: args.value,
      note: args.note || "allowed by hand",
      ...given({ package: args.package, actor: args.actor }),
      ...(args.expires === undefined ? {} : { expires_at: Date.now() + parseDuration(args.expires) }),
    });
    if (args.json) printJson(terminal, "fangs.allow/1", { entry });
    else printLines(terminal, [`${safe(`${entry.kind} ${entry.value}`)} is allowed: ${entry.id}`]);
  },
});

const list = serverLeaf({
  description: "List what is allowed, the newest first.",
  args: {
    package: { type: "string", valueHint: "name", description: "Only what holds for this package." },
    limit: { type: "string", valueHint: "number", default: "100", description: "How many at most." },
  },
  run: async ({ args, client, terminal }) => {
    const { items, next } = await entriesOf(client, parseLimit(args.limit), args.package);
    if (args.json) return printJson(terminal, "fangs.allow-list/1", { entries: items, more: next !== null });
    if (items.length === 0) return terminal.err("Nothing is allowed.\n");
    const now = Date.now();
    const rows = items.map((entry) => [
      entry.id,
      entry.kind,
      entry.value,
      entry.package ?? "all",
      entry.actor ?? "any",
      entry.shipped ?? "-",
      entry.expires_at === null ? "never" : `${time(entry.expires_at)}${entry.expires_at <= now ? " (over)" : ""}`,
      entry.created_by,
      entry.note,
    ]);
    printLines(terminal, table(COLUMNS, rows));
    tellMore(terminal, next);
  },
});

const remove = serverLeaf({
  description: "Allow something no longer.",
  args: {
    id: {
      type: "positional",
      required: true,
      description: "The id, a unique part of it, or the name of a set such as cdn.",
    },
  },
  run: async ({ args, client, terminal }) => {
    const { removed } = await client.removeAllow(args.id);
    if (args.json) printJson(terminal, "fangs.removed/1", { removed });
    else printLines(terminal, [`${removed === 1 ? "1 entry" : `${removed} entries`} removed`]);
  },
});

const exporting = serverLeaf({
  description: "Print the allow-list as a file for `allow import`.",
  args: { package: { type: "string", valueHint: "name", description: "Only what holds for this package." } },
  run: async ({ args, client, terminal }) => {
    const { items } = await entriesOf(client, 100_000, args.package);
    if (args.json) printJson(terminal, "fangs.allow-list/1", { entries: items, more: false });
    else terminal.out(allowYaml(items));
  },
});

const importing = serverLeaf({
  description: "Add the entries of a file that are not there yet.",
  args: { file: { type: "positional", required: true, description: "What `allow export` printed; - for stdin." } },
  run: async ({ args, client, terminal }) => {
    const entries = parseAllowFile(await readTextFile(args.file), args.file);
    const { added, kept } = entries.length === 0 ? { added: 0, kept: 0 } : await client.importAllow({ entries });
    if (args.json) printJson(terminal, "fangs.allow-import/1", { added, kept });
    else
      printLines(terminal, [`${count(added, "new entry").replace("entrys", "entries")}, ${kept} were there already`]);
  },
});

export const command: CommandDef = group({ add, list, remove, export: exporting, import: importing });

// --- internal ---

const COLUMNS = ["ENTRY", "KIND", "VALUE", "PACKAGE", "ACTOR", "SET", "ENDS", "BY", "NOTE"].map((title) => ({ title }));

async function entriesOf(client: Client, limit: number, name: string | undefined): Promise<Page<AllowEntry, string>> {
  return collect<AllowEntry, string>(limit, async (most, before) => {
    const page = await client.allowList({ limit: most, ...given({ package: name, before }) });
    return { items: page.entries, next: page.next };
  });
}
