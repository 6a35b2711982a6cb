import type { CommandDef } from "citty";
import { EXIT } from "../protocol/errors.ts";
import { SEVERITIES } from "../protocol/facts.ts";
import type { Scan } from "../protocol/models.ts";
import { group } from "./command.ts";
import { painter, printJson, printLines } from "./output.ts";
import { deviationsOf, given } from "./paging.ts";
import { serverLeaf } from "./server-command.ts";
import { safe } from "./safe.ts";
import { parseCount, parseDuration } from "./values.ts";
import { verdictExit, verdictLines } from "./verdict.ts";
import { watchScan } from "./watch.ts";

const submit = serverLeaf({
  description: "Have one release examined.",
  args: {
    package: { type: "string", valueHint: "name", required: true, description: "The npm package." },
    version: { type: "string", description: "The release; else what the dist-tag latest names." },
    runner: { type: "string", valueHint: "name", description: "The only runner that may do it." },
    node: { type: "string", valueHint: "major", description: "Only a runner with this major of Node.js may do it." },
    image: { type: "string", valueHint: "id", description: "Only a runner with this sandbox image may do it." },
    priority: { type: "string", valueHint: "0-9", description: "The higher goes first. Default: 5." },
    watch: { type: "boolean", description: "Wait for the verdict and print it; the exit code tells it too." },
    timeout: { type: "string", valueHint: "time", default: "5m", description: "How long to watch at most." },
    "fail-on": {
      type: "enum",
      options: [...SEVERITIES],
      default: "low",
      description: "With --watch: exit with 1 only for deviations at least this severe.",
    },
  },
  run: async ({ args, client, terminal }) => {
    const timeoutMs = parseDuration(args.timeout);
    const scan = await client.submitScan({
      package: args.package,
      ...given({
        version: args.version,
        runner: args.runner,
        image: args.image,
        node_major: args.node === undefined ? undefined : parseCount(args.node),
        priority: args.priority === undefined ? undefined : parseCount(args.priority),
      }),
    });
    if (args.watch !== true) {
      if (args.json) printJson(terminal, "fangs.scan/1", { scan });
      else printLines(terminal, submittedLines(scan));
      return EXIT.clean;
    }
    const run = await watchScan(client, scan, { terminal, timeoutMs });
    const deviations = await deviationsOf(client, run.id);
    if (args.json) printJson(terminal, "fangs.run/1", { run, deviations });
    else printLines(terminal, verdictLines(run, deviations, painter(terminal.colors.out)));
    return verdictExit(run, deviations, args["fail-on"]);
  },
});

export const command: CommandDef = group({ submit });

// --- internal ---

function submittedLines({ id, package: name, version, runs }: Scan): string[] {
  return [`scan ${id} of ${safe(`${name} ${version}`)}`, ...runs.map((run) => `run ${run.id}: ${run.state}`)];
}
