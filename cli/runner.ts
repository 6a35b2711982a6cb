import type { CommandDef } from "citty";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { connect } from "./client.ts";
import { leaf } from "./command.ts";
import { dataDirectory } from "./data-directory.ts";
import { VERSION } from "./manifest.ts";
import { defaultRunnerName, parseConcurrency, teller, untilInterrupted } from "./processes.ts";

export const command: CommandDef = leaf({
  args: {
    server: { type: "string", valueHint: "url", description: "The server to work for." },
    "runner-id": { type: "string", valueHint: "name", description: "The name of this runner; else the host's." },
    image: { type: "string", valueHint: "name", description: "The sandbox image." },
    concurrency: { type: "string", valueHint: "number", default: "1", description: "How many runs at a time." },
    "data-dir": { type: "string", valueHint: "path", description: "Where everything is kept; else FANGS_DATA_DIR." },
  },
  async run({ args, terminal }) {
    const tell = teller(terminal);
    const concurrency = parseConcurrency(args.concurrency);
    const dataDir = dataDirectory(args["data-dir"], terminal.env);
    // Beside a server of this host its runner token lies ready; elsewhere FANGS_TOKEN says it.
    const token =
      terminal.env["FANGS_TOKEN"] ?? (await readFile(join(dataDir, "runner-token"), "utf8").catch(() => ""));
    const client = await connect(
      { server: args.server, token: token.trim() || undefined, "data-dir": dataDir },
      terminal,
    );
    const { startRunner } = await import("../runner/start.ts");
    const name = args["runner-id"] ?? defaultRunnerName();
    const runner = await startRunner({
      client,
      name,
      version: VERSION,
      concurrency,
      dataDir,
      ...(args.image ? { image: args.image } : {}),
      makeImage: false,
      tell,
    });
    tell(`runner ${name} waits for jobs`);
    await untilInterrupted(terminal);
    tell("draining");
    await runner.drain();
  },
});
