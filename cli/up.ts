import type { CommandDef } from "citty";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createClient } from "../protocol/client.ts";
import { leaf } from "./command.ts";
import { dataDirectory } from "./data-directory.ts";
import { VERSION } from "./manifest.ts";
import {
  defaultRunnerName,
  namedRules,
  parseConcurrency,
  parseListen,
  reloadOnHangup,
  rulesArg,
  teller,
  untilInterrupted,
} from "./processes.ts";

export const command: CommandDef = leaf({
  args: {
    listen: { type: "string", valueHint: "host:port", default: "127.0.0.1:8443", description: "Where to listen." },
    "data-dir": { type: "string", valueHint: "path", description: "Where everything is kept; else FANGS_DATA_DIR." },
    image: { type: "string", valueHint: "name", description: "The sandbox image." },
    concurrency: { type: "string", valueHint: "number", default: "1", description: "How many runs at a time." },
    rules: rulesArg,
  },
  async run({ args, terminal }) {
    const tell = teller(terminal);
    const concurrency = parseConcurrency(args.concurrency);
    const listen = parseListen(args.listen);
    const dataDir = dataDirectory(args["data-dir"], terminal.env);
    const { startOrchestrator } = await import("../server/start.ts");
    const { startRunner } = await import("../runner/start.ts");

    const server = await startOrchestrator({ dataDir, listen, ...namedRules(args.rules) });
    using _ = reloadOnHangup(server, tell);
    try {
      const token = (await readFile(join(dataDir, "runner-token"), "utf8")).trim();
      const runner = await startRunner({
        client: createClient({ url: server.url, token }),
        name: defaultRunnerName(),
        version: VERSION,
        concurrency,
        dataDir,
        ...(args.image ? { image: args.image } : {}),
        makeImage: !args.image,
        tell,
      });
      tell(`fangs is up: ${server.url}, data in ${dataDir}`);
      tell("try: fangs scan submit -package is-number -version 7.0.0 --watch");
      await untilInterrupted(terminal);
      tell("draining");
      await runner.drain();
    } finally {
      await server.stop();
    }
  },
});
