import type { CommandDef } from "citty";
import { printJson } from "./output.ts";
import { printRuns } from "./run-list.ts";
import { serverLeaf } from "./server-command.ts";

export const command: CommandDef = serverLeaf({
  args: {},
  run: async ({ args, client, terminal }) => {
    const { runs } = await client.pending();
    if (args.json) printJson(terminal, "fangs.pending/1", { runs });
    else printRuns(terminal, runs);
  },
});
