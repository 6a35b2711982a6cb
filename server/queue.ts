/** Leases: who does which run, and what happens when nobody hears of them any more. */
import { FangsError } from "../protocol/errors.ts";
import type { Lease, LeaseRequest } from "../protocol/models.ts";
import { settleClock } from "./clock.ts";
import { queueFailure } from "./notify/queue.ts";
import type { RunnerLoad } from "../protocol/queue.ts";
import { patienceOf as patienceAmong } from "./least-loaded.ts";
import { isHeld } from "./run-state.ts";
import { settleSeeding } from "./seeding.ts";
import type { Services } from "./services.ts";
import { createSignal } from "./signal.ts";
import { claimJob, deleteJob, extendJob, hasJob, listExpired, releaseJob } from "./store/jobs.ts";
import type { Database } from "./store/open.ts";
import { isPassing } from "./store/failure.ts";
import { type Asking, findAsking, listRunners, listWaiting, touchRunner, touchRunnerOf } from "./store/runners.ts";
import { getLease, getRun, moveRun } from "./store/runs.ts";
import type { RunRow } from "./store/schema.ts";
import { deleteSegments } from "./store/traces.ts";

/** How long a waiting runner sleeps at most before it looks again: jobs become due without anybody firing. */
const POLL_MS = 1000;
/** That a runner was heard of is written down no more often, unless it says something new. */
const HEARD_MS = 1000;
/** How long a runner counts as waiting after it last looked. */
const WAITING_MS = POLL_MS + 500;

/**
 * The next job for a runner, waiting for one as long as it asks; undefined: none came, or it is to take none. Of several
 * that wait, those with the least to do come first.
 *
 * @param check throws where whoever asks does not speak for the runner
 * @throws FangsError not_found for a runner that did not register
 */
export async function leaseJob(
  services: Services,
  request: LeaseRequest,
  gone: AbortSignal,
  check: (runner: Asking) => void = () => {},
): Promise<Lease | undefined> {
  const { db, jobs, now, leaseMs } = services;
  if (services.stopping.aborted) {
    throw new FangsError("stopping", "The server is stopping and hands out no more jobs.", {
      hint: "Ask again: another server, or this one once it is back.",
    });
  }
  const { runner: name, load } = request;
  const asked = performance.now();
  const abort = AbortSignal.any([gone, services.stopping]);
  const wait = (): Promise<void> => touchRunner(db, name, { now: now(), load, waiting_until: now() + WAITING_MS });
  let isPatient = true;
  /** When it was last noted that this runner waits. */
  let noted = Number.NEGATIVE_INFINITY;
  while (!abort.aborted) {
    // Before a job is called due, or a runner lost.
    await settleClock(services);
    const runner = await hear(services, request, check);
    if (runner.state === "draining") return undefined;
    if (runner.state === "active") {
      const wanted = { runner: name, modes: runner.modes, image: runner.image, node_major: runner.node_major };
      const patience: number = isPatient ? await patienceOf(db, runner, now()) : 0;
      isPatient = true;
      if (patience > 0 && (await hasJob(db, wanted, now()))) {
        // Once: what is there after the pause, nobody better placed wanted.
        isPatient = false;
        await wait();
        await pause(patience, abort);
        continue;
      }
      const claim = () => claimJob(db, { ...wanted, now: now(), leaseMs });
      // What another runner lost is free again before anybody is told that there is nothing.
      const lease = (await claim()) ?? ((await sweepExpired(services)) ? await claim() : undefined);
      if (lease !== undefined) return lease;
    }
    const left = asked + request.wait_ms - performance.now();
    if (left <= 0) return undefined;
    if (performance.now() - noted < POLL_MS / 2) await jobs.wait(Math.min(left, POLL_MS), abort);
    else {
      // Then it looks once more: whoever asks from now on knows that this one waits, too.
      await wait();
      noted = performance.now();
    }
  }
  return undefined;
}

/**
 * Renews a lease; answers until when it holds.
 *
 * @throws FangsError lease_lost
 */
export async function heartbeat(services: Services, runId: string, lease: string, load?: RunnerLoad): Promise<number> {
  const now = services.now();
  try {
    await services.db.transaction(async (db) => {
      const { state } = await holdLease(db, runId, lease);
      await extendJob(db, runId, now + services.leaseMs);
      if (state === "leased") await moveRun(db, runId, "running");
      await touchRunnerOf(db, runId, { now, load });
    }, `run ${runId}`);
  } catch (thrown) {
    // The runner lives, though it cannot be written down.
    if (isPassing(thrown)) services.clockWatch.doubt();
    throw thrown;
  }
  return now + services.leaseMs;
}

/**
 * Gives a run back that its runner cannot end: the next runner has it at once, and it does not count as an attempt.
 *
 * @throws FangsError lease_lost
 */
export async function handBack(services: Services, runId: string, lease: string): Promise<void> {
  await services.db.transaction(async (db) => {
    await holdLease(db, runId, lease);
    await releaseJob(db, runId, services.now());
    await requeue(db, runId);
  }, `run ${runId}`);
  services.jobs.fire();
}

/**
 * Whether this lease may write to the run now; to be asked in the transaction that writes.
 *
 * @throws FangsError lease_lost
 */
export async function holdLease(db: Database, runId: string, lease: string): Promise<Pick<RunRow, "state">> {
  const held = await getLease(db, runId);
  if (held?.lease === lease && isHeld(held.state)) return held;
  throw leaseLost(runId);
}

export function leaseLost(runId: string): FangsError {
  return new FangsError("lease_lost", `The run ${runId} is not held by this lease.`, {
    hint: "It expired, or the run was ended; drop the work and lease the next job.",
  });
}

/** Gives runs whose lease expired back to the queue, or fails them after the last attempt; answers whether there were any. */
export async function sweepExpired(services: Services): Promise<boolean> {
  // Before anything is called expired.
  await settleClock(services);
  const now = services.now();
  if ((await listExpired(services.db, now)).length === 0) return false;
  await services.db.transaction(async (db) => {
    for (const { run_id, attempt, runner } of await listExpired(db, now)) {
      const delay = services.backoffMs[attempt - 1];
      if (delay === undefined) {
        await deleteJob(db, run_id);
        const reason = `No runner finished it in ${attempt} attempts; the last was ${runner ?? "unknown"}, which stopped answering.`;
        await moveRun(db, run_id, "failed", { lease: null, reason, ended_at: now });
        await deleteSegments(db, run_id);
        const run = await getRun(db, run_id);
        await queueFailure(db, run, now);
        await settleSeeding(db, run.package, now);
      } else {
        await releaseJob(db, run_id, now + delay);
        await requeue(db, run_id, { attempt: attempt + 1 });
      }
    }
  });
  return true;
}

// --- internal ---

/**
 * Puts a run back into the queue. What the last attempt uploaded must never mix with what the next one does, so it goes
 * when no lease holds the run: until then more can come.
 */
async function requeue(db: Database, runId: string, changes: { attempt?: number } = {}): Promise<void> {
  await moveRun(db, runId, "queued", { lease: null, runner: null, started_at: null, ...changes });
  await deleteSegments(db, runId);
}

const pause = createSignal().wait;

/**
 * The runner that asks, which is noted when it is news. Not each time: one that does many runs at once would wait for
 * itself, as each of its leases would write to the same row.
 */
async function hear(
  { db, now }: Services,
  { runner: name, load }: LeaseRequest,
  check: (runner: Asking) => void,
): Promise<Asking> {
  const find = async (): Promise<Asking> => {
    const found = await findAsking(db, name, now());
    if (found === undefined) throw notRegistered(name);
    check(found);
    return found;
  };
  const runner = await find();
  const isNews = load !== undefined && !Bun.deepEquals(load, runner.load);
  if (!isNews && now() - runner.last_seen < HEARD_MS) return runner;
  await touchRunner(db, name, { now: now(), load });
  return find();
}

/** How long this runner lets others go first. */
async function patienceOf(db: Database, runner: Asking, now: number): Promise<number> {
  if (runner.others === 0) return 0;
  const waiting = new Set([runner.name, ...(await listWaiting(db, now))]);
  const runners = await listRunners(db, now);
  return patienceAmong(
    runner.name,
    runners.filter(({ name }) => waiting.has(name)),
  );
}

function notRegistered(name: string): FangsError {
  return new FangsError("not_found", `There is no runner ${JSON.stringify(name)}.`, {
    hint: "A runner registers with PUT /v1/runners/<name> first.",
  });
}
