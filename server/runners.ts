/** What an operator does to runners. */
import { FangsError } from "../protocol/errors.ts";
import type { Runner } from "../protocol/requests.ts";
import type { Decision } from "./decisions.ts";
import type { Services } from "./services.ts";
import { audit } from "./store/audit.ts";
import { missing } from "./store/ids.ts";
import { expireJobs, listPinned } from "./store/jobs.ts";
import { deleteRunner, findRunner, setRunnerState } from "./store/runners.ts";

/** pause: takes nothing on until it is resumed. drain: takes nothing on, ends what it has, and its process ends. */
const CHANGES = { pause: "paused", drain: "draining", resume: "active" } as const;
export type RunnerChange = keyof typeof CHANGES;

/**
 * Pauses, drains or resumes a runner; a run that it does goes on.
 *
 * @throws FangsError not_found
 */
export async function changeRunner(
  services: Services,
  name: string,
  change: RunnerChange,
  decision: Decision,
): Promise<Runner> {
  const now = services.now();
  const runner = await services.db.transaction(async (db) => {
    const before = await findRunner(db, name, now);
    if (before === undefined) throw missing("runner", name);
    await setRunnerState(db, name, CHANGES[change]);
    const after = await findRunner(db, name, now);
    await audit(db, {
      ...{ at: now, ...decision, action: `runner.${change}`, subject: name },
      before: { state: before.state },
      after: { state: CHANGES[change] },
    });
    return after ?? before;
  });
  // Whoever waits for a job looks again, and finds out.
  services.jobs.fire();
  return runner;
}

/** Notes that a runner ended by itself. One that is paused stays so. */
export async function stopRunner({ db, now }: Services, name: string): Promise<void> {
  await db.transaction(async (inner) => {
    const runner = await findRunner(inner, name, now());
    if (runner === undefined) throw missing("runner", name);
    if (runner.state !== "paused") await setRunnerState(inner, name, "stopped");
  });
}

/**
 * Forgets a runner. With `force` one that is alive, too: what it holds goes to others, and it registers again if its
 * process goes on.
 *
 * @throws FangsError not_found; conflict while it is alive, or where runs wait for this one alone
 */
export async function removeRunner(services: Services, name: string, force: boolean, actor: string): Promise<void> {
  const now = services.now();
  await services.db.transaction(async (db) => {
    const runner = await findRunner(db, name, now);
    if (runner === undefined) throw missing("runner", name);
    const pinned = await listPinned(db, name);
    if (pinned.length > 0) {
      throw new FangsError("conflict", `${pinned.length} runs wait for the runner ${name} alone.`, {
        hint: `Cancel them first, for example \`fangs run cancel ${pinned[0]}\`.`,
      });
    }
    const isGone = runner.state === "stopped" || runner.state === "lost";
    if (!isGone && !force) {
      throw new FangsError("conflict", `The runner ${name} is ${runner.state}, and was heard of just now.`, {
        hint: `Use \`fangs runner drain ${name}\` first, or --force.`,
      });
    }
    // Their leases are over now: the queue deals with them as with those of any runner that died.
    await expireJobs(db, name, now);
    await deleteRunner(db, name);
    await audit(db, { at: now, actor, action: "runner.remove", subject: name, before: { state: runner.state, force } });
  });
  services.jobs.fire();
}
