import type { CommandDef } from "citty";
import type { Client } from "../protocol/client.ts";
import { FangsError, toFangsError } from "../protocol/errors.ts";
import type { Run } from "../protocol/models.ts";
import type { Reanalysis } from "../protocol/requests.ts";
import { categoryTitle } from "./deviation-tree.ts";
import { count, printJson, printLines } from "./output.ts";
import { collect } from "./paging.ts";
import { safe } from "./safe.ts";
import { serverLeaf } from "./server-command.ts";

/** `fangs run reanalyse` */
export const reanalyse: CommandDef = serverLeaf({
  description: "Make the verdict of stored runs again, by today's rules and against the baseline of then.",
  args: {
    id: { type: "positional", required: false, description: "The id of the run, or enough of its beginning." },
    all: { type: "boolean", description: "Every run that has a verdict and a trace, the oldest first." },
    "dry-run": { type: "boolean", description: "Show what would change, and change nothing." },
  },
  run: async ({ args, client, terminal }) => {
    const dry = args["dry-run"] === true;
    if ((args.id === undefined) === (args.all !== true)) {
      throw new FangsError("usage", "Name one run, or give --all.", { hint: "fangs run reanalyse --all --dry-run" });
    }
    const done: Reanalysis[] = [];
    const skipped: string[] = [];
    for (const id of args.id === undefined ? await judgedRuns(client) : [args.id]) {
      try {
        done.push(await client.reanalyseRun(id, dry));
      } catch (thrown) {
        const error = toFangsError(thrown);
        // Of all runs, those that cannot be judged again are told and passed over.
        if (args.id !== undefined || error.code !== "conflict") throw error;
        skipped.push(error.message);
      }
    }
    if (args.json) return printJson(terminal, "fangs.reanalysis/1", { runs: done, skipped });
    for (const line of skipped) terminal.err(`${safe(line)}\n`);
    const changed = done.filter(hasChanged);
    const verb = dry ? "would change" : "changed";
    printLines(terminal, [
      ...changed.flatMap(reanalysisLines),
      `${count(changed.length, "run")} of ${done.length} ${verb}`,
    ]);
  },
});

// --- internal ---

const MOST_RUNS = 100_000;

async function judgedRuns(client: Client): Promise<string[]> {
  const { items } = await collect<Run, string>(MOST_RUNS, async (limit, before) => {
    const { runs, next } = await client.runs({ state: "done", limit, ...(before === undefined ? {} : { before }) });
    return { items: runs, next };
  });
  return items
    .filter(({ kind }) => kind !== "control")
    .map(({ id }) => id)
    .reverse();
}

function hasChanged({ before, after, added, removed }: Reanalysis): boolean {
  return before.verdict !== after.verdict || before.reason !== after.reason || added.length + removed.length > 0;
}

function reanalysisLines({ run_id, package: name, version, before, after, added, removed }: Reanalysis): string[] {
  const line = (mark: string) => (found: Reanalysis["added"][number]) =>
    `  ${mark} ${found.severity} ${categoryTitle(found.category)} by ${safe(found.actor)}: ${safe(found.value, 300)}`;
  return [
    `${run_id} ${safe(`${name} ${version}`)}: ${before.verdict ?? "-"} → ${after.verdict ?? "-"}`,
    ...(after.reason === null ? [] : [`  ${safe(after.reason)}`]),
    ...removed.map(line("-")),
    ...added.map(line("+")),
  ];
}
