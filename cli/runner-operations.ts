import type { CommandDef } from "citty";
import type { Runner } from "../protocol/requests.ts";
import { printJson, printLines, table, time } from "./output.ts";
import { safe } from "./safe.ts";
import { serverLeaf } from "./server-command.ts";

const nameArg = { type: "positional", required: true, description: "The runner's name." } as const;
const reasonArg = {
  type: "string",
  valueHint: "text",
  default: "by hand",
  description: "Why; it is kept in the trail.",
} as const;

const list = serverLeaf({
  description: "List the runners, how they are, and what they can do.",
  args: {},
  run: async ({ args, client, terminal }) => {
    const { runners } = await client.runners();
    if (args.json) return printJson(terminal, "fangs.runners/1", { runners });
    if (runners.length === 0) return terminal.err("No runners. Start one with `fangs runner` or `fangs up`.\n");
    const rows = runners.map((runner) => [
      runner.name,
      runner.trouble === undefined ? runner.state : `${runner.state}: ${runner.trouble}`,
      `${runner.held}/${runner.concurrency}`,
      runner.load === null ? "-" : `${Math.round(runner.load.cpu * 100)} %`,
      runner.node_major === undefined ? "-" : String(runner.node_major),
      runner.modes.join(", "),
      runner.image,
      runner.version,
      time(runner.last_seen),
    ]);
    printLines(terminal, table(COLUMNS, rows));
  },
});

const pause = change("pause", "Let a runner take nothing on until it is resumed; what it has goes on.");
const drain = change("drain", "Let a runner end what it has, take nothing on, and end its process.");
const resume = change("resume", "Let a paused or draining runner take jobs again.");

const remove = serverLeaf({
  description: "Forget a runner.",
  args: {
    name: nameArg,
    force: { type: "boolean", description: "Even one that is alive: what it holds goes back to the queue." },
  },
  run: async ({ args, client, terminal }) => {
    await client.removeRunner(args.name, args.force === true);
    if (args.json) printJson(terminal, "fangs.removed/1", { name: args.name });
    else printLines(terminal, [`the runner ${safe(args.name)} is forgotten`]);
  },
});

/** The commands below `fangs runner`. */
export const operations: Record<string, CommandDef> = { list, pause, drain, resume, remove };

// --- internal ---

function change(verb: "pause" | "drain" | "resume", description: string): CommandDef {
  return serverLeaf({
    description,
    args: { name: nameArg, reason: reasonArg },
    run: async ({ args, client, terminal }) => {
      const runner = await client.changeRunner(args.name, verb, args.reason);
      if (args.json) printJson(terminal, "fangs.runner/1", { runner });
      else printLines(terminal, [changeLine(runner)]);
    },
  });
}

function changeLine({ name, state, held }: Runner): string {
  const rest = held === 0 ? "" : `; it holds ${held === 1 ? "a run" : `${held} runs`}`;
  return safe(`the runner ${name} is ${state}${rest}`);
}

const COLUMNS = [
  { title: "RUNNER" },
  { title: "STATE" },
  { title: "RUNS", right: true },
  { title: "CPU", right: true },
  { title: "NODE.JS", right: true },
  { title: "NETWORK" },
  { title: "IMAGE" },
  { title: "VERSION" },
  { title: "LAST SEEN" },
];
