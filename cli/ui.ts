import type { CommandDef } from "citty";
import { printJson, printLines, time } from "./output.ts";
import { serverLeaf } from "./server-command.ts";

export const command: CommandDef = serverLeaf({
  args: {},
  run: async ({ args, client, terminal }) => {
    const { code, expires_at } = await client.signIn();
    // In the fragment: a browser sends it to no server, so it is in no log on the way.
    const url = `${client.url}/ui/#${code}`;
    if (args.json) return printJson(terminal, "fangs.sign-in/1", { url, expires_at });
    printLines(terminal, [url]);
    terminal.err(`It signs in once, until ${time(expires_at)}.\n`);
  },
});
