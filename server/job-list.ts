/** What waits, in its order, and what is in the way of it. */
import type { Job, JobPage, JobQuery } from "../protocol/queue.ts";
import type { Runner } from "../protocol/requests.ts";
import type { Services } from "./services.ts";
import { type After, pageJobs } from "./store/queue.ts";
import { listRunners } from "./store/runners.ts";

/** A page of the queue. */
export async function listJobs({ db, now }: Services, { limit = 100, after }: JobQuery): Promise<JobPage> {
  const moment = now();
  const { jobs, next } = await pageJobs(db, { after: cursor(after), limit, now: moment });
  const runners = await listRunners(db, moment);
  return {
    jobs: jobs.map(({ network, ...job }) => ({
      ...job,
      blocked: job.state === "held" ? null : obstacle({ ...job, network }, runners),
    })),
    next: next === null ? null : `${next.priority}.${next.run_id}`,
  };
}

// --- internal ---

function cursor(after: string | undefined): After | undefined {
  const [, priority, run_id] = /^(-?\d+)\.(.+)$/.exec(after ?? "") ?? [];
  return priority === undefined || run_id === undefined ? undefined : { priority: Number(priority), run_id };
}

/** Why no runner takes a job: the first wish that nobody fulfils; null: somebody will. */
function obstacle(
  job: Pick<Job, "runner" | "node_major" | "image"> & { network: string },
  runners: readonly Runner[],
): string | null {
  const wishes: [string, (runner: Runner) => boolean][] = [
    ["There is no runner.", () => true],
    [`There is no runner ${job.runner}.`, ({ name }) => job.runner === null || name === job.runner],
    [
      `No runner has Node.js ${job.node_major}.`,
      ({ node_major }) => job.node_major === null || node_major === job.node_major,
    ],
    [`No runner has the image ${job.image}.`, ({ image }) => job.image === null || image === job.image],
    [`No runner has the network mode ${job.network}.`, ({ modes }) => modes.some((mode) => mode === job.network)],
  ];
  let left = runners;
  for (const [complaint, fits] of wishes) {
    left = left.filter(fits);
    if (left.length === 0) return complaint;
  }
  if (left.some(({ state }) => state === "active")) return null;
  return left.length === 1
    ? `The runner ${left[0]!.name} is ${left[0]!.state}${left[0]!.trouble === undefined ? "" : `: ${left[0]!.trouble}`}.`.replace(
        /\.\.$/,
        ".",
      )
    : `The runners that could are ${[...new Set(left.map(({ state }) => state))].join(" or ")}.`;
}
