import type { CommandDef } from "citty";
import type { AuditRecord } from "../protocol/audit.ts";
import { group } from "./command.ts";
import { pairs, printJson, printLines, table, tellMore, time } from "./output.ts";
import { collect, given } from "./paging.ts";
import { safe } from "./safe.ts";
import { serverLeaf } from "./server-command.ts";
import { parseLimit, parseSince } from "./values.ts";

const list = serverLeaf({
  description: "List who changed what and was refused what, the newest first.",
  args: {
    action: { type: "string", valueHint: "name", description: "E.g. allow.add, or allow for all of its kind." },
    actor: { type: "string", valueHint: "name", description: "Only what this token did, or fangs by itself." },
    subject: { type: "string", valueHint: "name", description: "Only what was done to this package, run or token." },
    since: { type: "string", valueHint: "time", description: "E.g. 7d, or 2026-01-31." },
    limit: { type: "string", valueHint: "number", default: "50", description: "How many at most." },
  },
  run: async ({ args, client, terminal }) => {
    const since = args.since === undefined ? undefined : parseSince(args.since, Date.now());
    const filter = given({ action: args.action, actor: args.actor, subject: args.subject, since });
    const { items, next } = await collect<AuditRecord, string>(parseLimit(args.limit), async (limit, before) => {
      const page = await client.audit({ ...filter, limit, ...given({ before }) });
      return { items: page.entries, next: page.next };
    });
    if (args.json) return printJson(terminal, "fangs.audit-list/1", { entries: items, more: next !== null });
    if (items.length === 0) return terminal.err("Nothing was changed.\n");
    const rows = items.map(({ id, at, actor, action, subject, reason }) => [
      id,
      time(at),
      actor,
      action,
      subject,
      reason ?? "-",
    ]);
    printLines(terminal, table(COLUMNS, rows));
    tellMore(terminal, next);
  },
});

const show = serverLeaf({
  description: "Show one entry: what was before, and what is after it.",
  args: { id: { type: "positional", required: true, description: "The id, or a part that fits one only." } },
  run: async ({ args, client, terminal }) => {
    const entry = await client.auditEntry(args.id);
    if (args.json) return printJson(terminal, "fangs.audit/1", { entry });
    const head = pairs([
      ["entry", entry.id],
      ["time", time(entry.at)],
      ["actor", entry.actor],
      ["action", entry.action],
      ["subject", entry.subject],
      ["reason", entry.reason ?? "-"],
    ]);
    printLines(terminal, [...head, ...valueLines("before", entry.before), ...valueLines("after", entry.after)]);
  },
});

export const command: CommandDef = group({ list, show });

// --- internal ---

const COLUMNS = ["ENTRY", "TIME", "ACTOR", "ACTION", "SUBJECT", "REASON"].map((title) => ({ title }));

function valueLines(title: string, value: unknown): string[] {
  if (value === null) return [];
  return [
    title,
    ...JSON.stringify(value, null, 2)
      .split("\n")
      .map((line) => `  ${safe(line)}`),
  ];
}
