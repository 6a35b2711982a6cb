import type { CommandDef } from "citty";
import { type Run, RUN_STATES, type RunDetail, VERDICTS } from "../protocol/models.ts";
import type { RunQuery } from "../protocol/requests.ts";
import { group } from "./command.ts";
import { bytes, count, painter, pairs, printJson, printLines, table, tellMore, time } from "./output.ts";
import { chosen, collectNewest, deviationsOf, given } from "./paging.ts";
import { events } from "./run-events.ts";
import { printRuns } from "./run-list.ts";
import { reanalyse } from "./run-reanalyse.ts";
import { tree } from "./run-tree.ts";
import { safe } from "./safe.ts";
import { serverLeaf } from "./server-command.ts";
import { parseLimit } from "./values.ts";
import { verdictLines } from "./verdict.ts";

const idArg = { type: "positional", required: true, description: "The id, or enough of its beginning." } as const;

const list = serverLeaf({
  description: "List runs, the newest first.",
  args: {
    package: { type: "string", valueHint: "name", description: "Only of this package." },
    state: { type: "enum", options: [...RUN_STATES], description: "Only in this state; can be repeated." },
    verdict: { type: "enum", options: [...VERDICTS], description: "Only with this verdict; can be repeated." },
    limit: { type: "string", valueHint: "number", default: "50", description: "How many at most." },
  },
  run: async ({ args, all, client, terminal }) => {
    const verdicts = chosen(VERDICTS, all("verdict"));
    const filters = chosen(RUN_STATES, all("state")).flatMap((state) =>
      verdicts.map((verdict) => given({ package: args.package, state, verdict })),
    );
    const found = await collectNewest<RunQuery, Run>(filters, parseLimit(args.limit), async (filter, limit, before) => {
      const { runs, next } = await client.runs({ ...filter, limit, ...given({ before }) });
      return { items: runs, next };
    });
    if (args.json) return printJson(terminal, "fangs.runs/1", { runs: found.items, more: found.next !== null });
    printRuns(terminal, found.items);
    tellMore(terminal, found.next);
  },
});

const show = serverLeaf({
  description: "Show one run: its verdict, why, and its deviations.",
  args: { id: idArg },
  run: async ({ args, client, terminal }) => {
    const run = await client.run(args.id);
    const deviations = await deviationsOf(client, run.id);
    if (args.json) return printJson(terminal, "fangs.run/1", { run, deviations });
    printLines(terminal, [
      ...verdictLines(run, deviations, painter(terminal.colors.out)),
      ...allowedLines(run),
      "",
      ...details(run),
    ]);
  },
});

const fail = serverLeaf({
  description: "End a run that hangs, as failed.",
  args: {
    id: idArg,
    reason: {
      type: "string",
      valueHint: "text",
      default: "failed by hand",
      description: "Why; it is kept with the run.",
    },
  },
  run: async ({ args, client, terminal }) => {
    const run = await client.failRun(args.id, args.reason);
    if (args.json) printJson(terminal, "fangs.run/1", { run });
    else printLines(terminal, [`run ${run.id} of ${safe(`${run.package} ${run.version}`)} is ${run.state}`]);
  },
});

const cancel = serverLeaf({
  description: "Call off a run that waits or is at work.",
  args: {
    id: idArg,
    reason: { type: "string", valueHint: "text", default: "called off", description: "Why; it is kept with the run." },
  },
  run: async ({ args, client, terminal }) => {
    const run = await client.cancelRun(args.id, args.reason);
    if (args.json) printJson(terminal, "fangs.run/1", { run });
    else printLines(terminal, [`run ${run.id} of ${safe(`${run.package} ${run.version}`)} is ${run.state}`]);
  },
});

const remove = serverLeaf({
  description: "Delete a run that is over, with its trace and deviations; what counts for a baseline stays.",
  args: {
    id: idArg,
    reason: { type: "string", valueHint: "text", required: true, description: "Why; it stays in the trail." },
  },
  run: async ({ args, client, terminal }) => {
    await client.deleteRun(args.id, args.reason);
    if (args.json) printJson(terminal, "fangs.removed/1", { id: args.id });
    else printLines(terminal, ["the run is deleted"]);
  },
});

const retry = serverLeaf({
  description: "Run a release again whose run ended without a verdict.",
  args: { id: idArg },
  run: async ({ args, client, terminal }) => {
    const run = await client.retryRun(args.id);
    if (args.json) printJson(terminal, "fangs.run/1", { run });
    else printLines(terminal, [`run ${run.id} of ${safe(`${run.package} ${run.version}`)} is ${run.state}`]);
  },
});

const reject = serverLeaf({
  description: "Mark a run as bad: its deviations are rejected, and what it alone brought leaves the baseline.",
  args: {
    id: idArg,
    reason: { type: "string", valueHint: "text", required: true, description: "Why; it is kept." },
  },
  run: async ({ args, client, terminal }) => {
    const { rejected } = await client.rejectRun(args.id, args.reason);
    if (args.json) printJson(terminal, "fangs.rejection/1", { rejected });
    else printLines(terminal, [`the run and ${count(rejected, "deviation")} of it are rejected`]);
  },
});

export const command: CommandDef = group({
  list,
  show,
  events,
  tree,
  reanalyse,
  fail,
  cancel,
  retry,
  reject,
  delete: remove,
});

// --- internal ---

function allowedLines({ allowed }: RunDetail): string[] {
  if (allowed.length === 0) return [];
  const rows = allowed.map(({ actor, category, value, rule }) => [
    actor,
    category,
    value,
    `${rule.kind} ${rule.value} (${rule.shipped ?? rule.created_by})`,
    rule.note,
    rule.id,
  ]);
  const titles = ["ACTOR", "CATEGORY", "VALUE", "RULE", "NOTE", "ENTRY"];
  return [
    "",
    "allowed",
    ...table(
      titles.map((title) => ({ title })),
      rows,
    ),
  ];
}

/** With what the release's documents were compared. */
function releaseLine({ release }: RunDetail): string {
  if (release === null) return "-";
  const { predecessor, changes, unknown } = release;
  const known = predecessor === null ? "no predecessor" : `${count(changes.length, "change")} against ${predecessor}`;
  if (unknown === null) return safe(known);
  return safe(predecessor === null ? `meta unknown: ${unknown}` : `${known}; meta unknown in part: ${unknown}`);
}

/** Whether there is something to look at still. */
function traceLine({ trace_bytes, trace_pruned_at, result }: RunDetail): string {
  if (trace_pruned_at !== null) return `taken away by retention on ${time(trace_pruned_at)}`;
  return result === null ? "-" : `${bytes(trace_bytes)} in ${count(result.segments, "segment")}`;
}

function details(run: RunDetail): string[] {
  const { result } = run;
  const lines = pairs([
    ["run", run.id],
    ["scan", run.scan_id],
    ["kind", run.control_of === null ? run.kind : `${run.kind} of ${run.control_of}`],
    ["state", run.state],
    ["decision", run.decision ?? "-"],
    ["attempt", String(run.attempt)],
    ["runner", run.runner ?? "-"],
    ["events", run.events.toLocaleString("en")],
    ["trace", traceLine(run)],
    ["created", time(run.created_at)],
    ["started", time(run.started_at)],
    ["ended", time(run.ended_at)],
    ["rules", run.rules === null ? "-" : String(run.rules)],
    ["release", releaseLine(run)],
    ["image", result?.image ?? "-"],
    ["node", result?.node_version ?? "-"],
    ["npm", result?.npm_version ?? "-"],
    ["network", result?.network ?? "-"],
  ]);
  if (result === null) return lines;
  const phases = result.phases.map((phase) => [
    phase.phase,
    phase.label,
    phase.timed_out ? "timed out" : (phase.signal ?? `exit ${phase.exit_code ?? "?"}`),
    `${(phase.duration_ms / 1000).toFixed(1)} s`,
  ]);
  lines.push(
    "",
    ...table([{ title: "PHASE" }, { title: "COMMAND" }, { title: "END" }, { title: "TIME", right: true }], phases),
  );
  for (const loss of result.losses)
    lines.push(`lost: ${count(loss.count, safe(`${loss.record} record`))} (${safe(loss.cause)})`);
  return lines;
}
