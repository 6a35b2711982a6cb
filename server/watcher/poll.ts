/** One look at one package. */
import type { PollSource } from "../../npm/poll.ts";
import type { Fence } from "../leader.ts";
import type { Services } from "../services.ts";
import { type DueWatch, updateWatch } from "../store/watches.ts";
import { fetchTarball } from "./fetch.ts";
import type { Holds } from "./holds.ts";
import { recordDocument } from "./record.ts";

/** The first pause after a trouble with one package; each further one doubles it. */
const BACKOFF_MS = 30_000;
const LONGEST_BACKOFF_MS = 60 * 60_000;
/** Pauses after the feed told of a change that was not to be seen: registries are served from caches. */
const RECHECK_MS = [5_000, 30_000, 3 * 60_000, 15 * 60_000];

export interface PollContext {
  services: Services;
  source: PollSource;
  holds: Holds;
  /** How often a package is asked for that has no interval of its own. */
  intervalMs: number;
  /** 0 to 1, for jitter. */
  random: () => number;
  signal: AbortSignal;
  /** Lets what is new be written only while this is the one that watches. */
  fence: Fence;
}

export type PollOutcome = "new" | "unchanged" | "missing" | "throttled" | "failed" | "held" | "stopped";

/** Asks for one package, and does what follows. Trouble with the registry is an outcome, not an error. */
export async function pollPackage(context: PollContext, due: DueWatch): Promise<PollOutcome> {
  const { services, source, holds, signal } = context;
  const { db } = services;
  const name = due.package;
  const origin = source.origin(name);
  const begun = services.now();
  const held = holds.until(origin);
  if (held > begun) {
    await updateWatch(db, name, { due_at: held + spread(context, 1000) });
    return "held";
  }
  const answer = await source.poll(name, due);
  if (signal.aborted) return "stopped";
  const now = services.now();
  switch (answer.kind) {
    case "unchanged": {
      holds.fine(origin);
      await updateWatch(db, name, { polled_at: now, failures: 0, error: null, error_at: null, ...next(context, due) });
      return "unchanged";
    }
    case "document": {
      holds.fine(origin);
      const { releases } = await recordDocument(context, name, answer, next(context, due).due_at);
      for (const release of releases) {
        if (signal.aborted) break;
        await fetchTarball(services, source, release);
      }
      return releases.length > 0 ? "new" : "unchanged";
    }
    case "throttled": {
      holds.trouble(origin, begun, answer.retryAfterMs);
      // Nothing is wrong with the package: it is asked for again when the registry wants to be asked.
      const error = "The registry asked for fewer requests.";
      await updateWatch(db, name, {
        ...{ error, error_at: now, due_at: holds.until(origin) + spread(context, 1000) },
      });
      return "throttled";
    }
    case "missing":
      holds.fine(origin);
      await fail(context, due, `The registry has no package ${name}.`);
      return "missing";
    case "failed":
      if (answer.error.code === "registry_unreachable") holds.trouble(origin, begun, null);
      await fail(context, due, answer.error.message);
      return "failed";
  }
}

/** A time around the one given: many packages must not come due at the same moment. */
export function jitter(ms: number, random: () => number): number {
  return Math.round(ms * (0.9 + 0.2 * random()));
}

// --- internal ---

/** When to look again after an answer. What is not looked at at intervals rests, unless the feed told of a change. */
function next({ services, intervalMs, random }: PollContext, due: DueWatch): { due_at: number; rechecks: number } {
  const ms = jitter(due.interval_ms ?? intervalMs, random);
  const recheck = due.rechecks > 0 ? RECHECK_MS[RECHECK_MS.length - due.rechecks] : undefined;
  if (recheck === undefined) return { due_at: services.now() + ms, rechecks: 0 };
  return { due_at: services.now() + Math.min(recheck, ms), rechecks: due.rechecks - 1 };
}

async function fail({ services, random }: PollContext, due: DueWatch, error: string): Promise<void> {
  const now = services.now();
  const failures = due.failures + 1;
  const pause = Math.min(BACKOFF_MS * 2 ** Math.min(due.failures, 20), LONGEST_BACKOFF_MS);
  await updateWatch(services.db, due.package, {
    ...{ failures, error: error.slice(0, 500), error_at: now, due_at: now + jitter(pause, random) },
  });
}

function spread({ random }: PollContext, ms: number): number {
  return Math.round(random() * ms);
}
