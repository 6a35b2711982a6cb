import type { CommandDef } from "citty";
import { group } from "./command.ts";
import { bytes, count, pairs, printJson, printLines, time } from "./output.ts";
import { serverLeaf } from "./server-command.ts";

const status = serverLeaf({
  description: "Show how long traces are kept, how much they are, and what the next sweep would take away.",
  args: {},
  run: async ({ args, client, terminal }) => {
    const retention = await client.retention();
    if (args.json) return printJson(terminal, "fangs.retention/1", { retention });
    const { days, max_bytes, place, stored, due, last } = retention;
    const amount = (of: { runs: number; bytes: number }): string => `${bytes(of.bytes)} of ${count(of.runs, "run")}`;
    printLines(
      terminal,
      pairs([
        ["kept for", days === 0 ? "without end" : count(days, "day")],
        ["kept at most", max_bytes === 0 ? "any number of bytes" : bytes(max_bytes)],
        ["kept in", `the ${place}`],
        ["stored", amount(stored)],
        ["due", amount(due)],
        ["last sweep", last === null ? "none yet" : `${time(last.ended_at)}, took ${amount(last)}`],
      ]),
    );
  },
});

export const command: CommandDef = group({ status });
