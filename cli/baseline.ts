import type { CommandDef } from "citty";
import type { Baseline } from "../protocol/models.ts";
import { group } from "./command.ts";
import { count, printJson, printLines, table } from "./output.ts";
import { safe } from "./safe.ts";
import { serverLeaf } from "./server-command.ts";

const show = serverLeaf({
  description: "Show what a package is known to do, by actor.",
  args: {
    package: {
      type: "positional",
      required: true,
      valueHint: "package",
      description: "The name of a watched package.",
    },
  },
  run: async ({ args, client, terminal }) => {
    const baseline = await client.baseline(args.package);
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

export const command: CommandDef = group({ show, promote });

// --- internal ---

function baselineLines({ package: name, versions, maturity, entries }: Baseline): string[] {
  const rows = entries.map((entry) => [
    entry.actor,
    entry.category,
    entry.value,
    entry.first_version,
    entry.last_version,
  ]);
  const built = versions.length === 0 ? "" : ` (${versions.join(", ")})`;
  const head = safe(`${name}: ${count(entries.length, "behaviour")} from ${count(maturity, "version")}${built}`);
  return rows.length === 0 ? [head] : [head, "", ...table(COLUMNS, rows)];
}

const COLUMNS = ["ACTOR", "CATEGORY", "VALUE", "SINCE", "LAST SEEN"].map((title) => ({ title }));
