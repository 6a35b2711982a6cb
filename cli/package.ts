import type { CommandDef } from "citty";
import { group } from "./command.ts";
import { printJson, printLines, table, time } from "./output.ts";
import { safe } from "./safe.ts";
import { serverLeaf } from "./server-command.ts";

const nameArg = { type: "positional", required: true, description: "The npm name." } as const;

const add = serverLeaf({
  description: "Watch a package.",
  args: { name: nameArg },
  run: async ({ args, client, terminal }) => {
    const added = await client.addPackage({ name: args.name });
    if (args.json) printJson(terminal, "fangs.package/1", { package: added });
    else printLines(terminal, [`${safe(added.name)} is watched`]);
  },
});

const list = serverLeaf({
  description: "List the watched packages.",
  args: {},
  run: async ({ args, client, terminal }) => {
    const { packages } = await client.packages();
    if (args.json) return printJson(terminal, "fangs.packages/1", { packages });
    if (packages.length === 0) return terminal.err("No packages. Add one with `fangs package add <name>`.\n");
    const rows = packages.map((found) => [
      found.name,
      found.maturity.toLocaleString("en"),
      found.fingerprints.toLocaleString("en"),
      time(found.created_at),
    ]);
    printLines(terminal, table(COLUMNS, rows));
  },
});

const remove = serverLeaf({
  description: "Stop watching a package.",
  args: { name: nameArg },
  run: async ({ args, client, terminal }) => {
    await client.removePackage(args.name);
    if (args.json) printJson(terminal, "fangs.removed/1", { name: args.name });
    else printLines(terminal, [`${safe(args.name)} is no longer watched`]);
  },
});

export const command: CommandDef = group({ add, list, remove });

// --- internal ---

const COLUMNS = [
  { title: "PACKAGE" },
  { title: "VERSIONS", right: true },
  { title: "BEHAVIOURS", right: true },
  { title: "SINCE" },
];
