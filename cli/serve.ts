import type { CommandDef } from "citty";
import { leaf } from "./command.ts";
import { dataDirectory } from "./data-directory.ts";
import { namedRules, parseListen, reloadOnHangup, rulesArg, teller, untilInterrupted } from "./processes.ts";

export const command: CommandDef = leaf({
  args: {
    listen: { type: "string", valueHint: "host:port", default: "127.0.0.1:8443", description: "Where to listen." },
    "data-dir": { type: "string", valueHint: "path", description: "Where everything is kept; else FANGS_DATA_DIR." },
    store: {
      type: "string",
      valueHint: "url",
      description: "The database, e.g. sqlite:/path; else one in the data directory.",
    },
    rules: rulesArg,
  },
  async run({ args, terminal }) {
    const tell = teller(terminal);
    const listen = parseListen(args.listen);
    const dataDir = dataDirectory(args["data-dir"], terminal.env);
    const { startOrchestrator } = await import("../server/start.ts");
    const options = { ...(args.store ? { store: args.store } : {}), ...namedRules(args.rules) };
    const server = await startOrchestrator({ dataDir, listen, ...options });
    using _ = reloadOnHangup(server, tell);
    tell(`serving ${server.url}, data in ${dataDir}`);
    await untilInterrupted(terminal);
    tell("stopping");
    await server.stop();
  },
});
