import type { CommandDef } from "citty";
import type { Job } from "../protocol/queue.ts";
import { group } from "./command.ts";
import { printJson, printLines, table, tellMore, time } from "./output.ts";
import { collect, given } from "./paging.ts";
import { serverLeaf } from "./server-command.ts";
import { parseLimit } from "./values.ts";

const list = serverLeaf({
  description: "List the runs in the queue, in the order in which they go, and what is in the way of them.",
  args: { limit: { type: "string", valueHint: "number", default: "50", description: "How many at most." } },
  run: async ({ args, client, terminal }) => {
    const found = await collect<Job, string>(parseLimit(args.limit), async (limit, after) => {
      const { jobs, next } = await client.jobs({ limit, ...given({ after }) });
      return { items: jobs, next };
    });
    if (args.json) return printJson(terminal, "fangs.jobs/1", { jobs: found.items, more: found.next !== null });
    if (found.items.length === 0) return terminal.err("The queue is empty.\n");
    const rows = found.items.map((job) => [
      job.run_id,
      job.package,
      job.version,
      job.kind,
      String(job.priority),
      standing(job),
      String(job.attempt),
      wants(job),
      time(job.created_at),
      job.blocked ?? "",
    ]);
    printLines(terminal, table(COLUMNS, rows));
    tellMore(terminal, found.next);
  },
});

export const command: CommandDef = group({ list });

// --- internal ---

const COLUMNS = [
  { title: "RUN" },
  { title: "PACKAGE" },
  { title: "VERSION" },
  { title: "KIND" },
  { title: "PRIORITY", right: true },
  { title: "STATE" },
  { title: "ATTEMPT", right: true },
  { title: "WANTS" },
  { title: "CREATED" },
  { title: "IN THE WAY" },
];

function standing(job: Job): string {
  if (job.state === "held") return `held by ${job.holder ?? "?"}`;
  return job.state === "delayed" ? `delayed until ${time(job.not_before)}` : "waiting";
}

function wants({ runner, node_major, image }: Job): string {
  const parts = [
    ...(runner === null ? [] : [`runner ${runner}`]),
    ...(node_major === null ? [] : [`Node.js ${node_major}`]),
    ...(image === null ? [] : [`image ${image}`]),
  ];
  return parts.join(", ") || "-";
}
