/** Tasks that one orchestrator does for all that share its store: watching, retention, deliveries. */
import { hostname } from "node:os";
import { log } from "../log/log.ts";
import { FangsError } from "../protocol/errors.ts";
import { logDefect } from "./problem.ts";
import type { Services } from "./services.ts";
import { createSignal } from "./signal.ts";
import { newId } from "./store/ids.ts";
import { confirmLead, keepLead, type Leadership, leaveLead, takeLead } from "./store/leaders.ts";
import type { Database } from "./store/open.ts";

/** Lets a transaction through only while this orchestrator leads, and keeps others from the lead until it ends. */
export type Fence = (db: Database) => Promise<void>;

/** Goes on until the signal aborts: the lead was lost, or the server stops. */
export type LeaderWork = (signal: AbortSignal, fence: Fence) => Promise<void>;

/**
 * A leader that died or hangs is followed within `ttlMs` and `retryMs`: 7 s. The lease is renewed often enough that two
 * renewals may fail.
 */
const TIMES = { ttlMs: 6000, renewMs: 2000, retryMs: 1000 };

/**
 * Does the work on one of the orchestrators that call this with the same name, as long as it leads; resolves when the
 * server stops and the work has ended. Work that ends or throws by itself gives the lead away and is begun again, here
 * or elsewhere.
 *
 * The signal comes late to a process that hung. So what the work writes goes through the fence: the first statement of
 * each of its transactions is `await fence(db)`, which throws where somebody else leads by now.
 */
export async function runAsLeader(
  services: Pick<Services, "db" | "stopping"> & Partial<Pick<Services, "pulse">>,
  name: string,
  work: LeaderWork,
  times: typeof TIMES = TIMES,
): Promise<void> {
  const { db, stopping } = services;
  const holder = `${hostname()}:${process.pid}:${newId()}`;
  while (!stopping.aborted) {
    try {
      const asked = performance.now();
      const lead = await takeLead(db, { name, holder, ttlMs: times.ttlMs });
      // Whoever leads, somebody does.
      const beat = (): void => services.pulse?.beat(name);
      beat();
      if (lead !== undefined) await workAsLeader(services, lead, { work, times, until: asked + times.ttlMs, beat });
    } catch (error) {
      logDefect(error);
    }
    await pause(times.retryMs, stopping);
  }
}

// --- internal ---

const pause = createSignal().wait;

interface Term {
  work: LeaderWork;
  times: typeof TIMES;
  /** When the lease ends, by this process's monotonic clock: counted from before it was asked for, so never too late. */
  until: number;
  /** The lead was renewed. */
  beat(): void;
}

async function workAsLeader({ db, stopping }: Pick<Services, "db" | "stopping">, lead: Leadership, term: Term) {
  const { work } = term;
  const lost = new AbortController();
  const ended = new AbortController();
  lost.signal.addEventListener("abort", () => {
    if (!ended.signal.aborted)
      log.warn("the lead was lost: this orchestrator hung, or could not renew it in time", { task: lead.name });
  });
  const fence: Fence = async (inner) => {
    if (!lost.signal.aborted && (await confirmLead(inner, lead))) return;
    lost.abort();
    throw new FangsError("lead_lost", `Another orchestrator has taken over ${lead.name}.`, {
      hint: "This one hung or lost the database for some seconds. The other goes on; nothing is to be done.",
    });
  };
  const renewing = renew(db, lead, term, AbortSignal.any([ended.signal, lost.signal])).finally(() => lost.abort());
  try {
    await work(AbortSignal.any([stopping, lost.signal]), fence);
  } finally {
    ended.abort();
    await renewing;
    await leaveLead(db, lead);
  }
}

/** Renews until told to end; returns early when the lease is lost, or could be by now. */
async function renew(db: Database, lead: Leadership, term: Term, ended: AbortSignal): Promise<void> {
  let { until } = term;
  while (!ended.aborted) {
    await pause(Math.min(term.times.renewMs, until - performance.now()), ended);
    if (ended.aborted || performance.now() >= until) return;
    const asked = performance.now();
    const kept = keepLead(db, lead, term.times.ttlMs).catch((error: unknown) => {
      logDefect(error);
      return undefined;
    });
    // A database that does not answer must not make the lease look longer than it is.
    const answer = await Promise.race([kept, pause(until - asked, ended)]);
    if (answer === false) return;
    if (answer !== true) continue;
    term.beat();
    until = asked + term.times.ttlMs;
  }
}
