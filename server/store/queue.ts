/** The queue as a list, in the order in which its jobs go. */
import type { Job } from "../../protocol/queue.ts";
import type { Database } from "./open.ts";

/** Where a page begins: behind this job. */
export interface After {
  priority: number;
  run_id: string;
}

/** A part of the queue; whether there is a runner for each is not known here. */
export async function pageJobs(
  db: Database,
  { after, limit, now }: { after: After | undefined; limit: number; now: number },
): Promise<{ jobs: (Omit<Job, "blocked"> & { network: string })[]; next: After | null }> {
  let select = db.query
    .selectFrom("job")
    .innerJoin("run", "run.id", "job.run_id")
    .select([
      "job.run_id",
      "run.package",
      "run.version",
      "run.kind",
      "run.attempt",
      "job.priority",
      "run.runner as holder",
      "job.runner",
      "job.node_major",
      "job.image",
      "job.network",
      "job.not_before",
      "job.expires_at",
      "run.created_at",
    ])
    .orderBy("job.priority", "desc")
    .orderBy("job.run_id")
    .limit(limit + 1);
  if (after !== undefined) {
    const { priority, run_id } = after;
    select = select.where((eb) =>
      eb.or([
        eb("job.priority", "<", priority),
        eb.and([eb("job.priority", "=", priority), eb("job.run_id", ">", run_id)]),
      ]),
    );
  }
  const rows = await select.execute();
  const jobs = rows.slice(0, limit).map((row) => {
    const state = row.expires_at !== null ? "held" : row.not_before > now ? "delayed" : "waiting";
    return { ...row, state, holder: state === "held" ? row.holder : null } as const;
  });
  const last = jobs.at(-1);
  const next = rows.length > limit && last !== undefined ? { priority: last.priority, run_id: last.run_id } : null;
  return { jobs, next };
}
