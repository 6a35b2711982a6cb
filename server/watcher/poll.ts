/** One look at one package. */
import type { PollSource } from "../../npm/poll.ts";
import type { Fence } from "../leader.ts";
import { toFangsError } from "../../protocol/errors.ts";
import type { WatchServices } from "./services.ts";
import { type DueWatch, type Plan, updateWatch } from "../store/watches.ts";
import { fetchTarball } from "./fetch.ts";
import type { Holds } from "./holds.ts";
import { recordFirstSight } from "./first-sight.ts";
import { type Recorded, recordDocument } from "./record.ts";

/** The first pause after a trouble with one package; each further one doubles it. */
const BACKOFF_MS = 30_000;
const LONGEST_BACKOFF_MS = 60 * 60_000;
/** Pauses after the feed told of a change that was not to be seen: registries are served from caches. */
const RECHECK_MS = [5_000, 30_000, 3 * 60_000, 15 * 60_000];
/** How often a package is looked at again that the feed told of. */
export const RECHECKS: number = RECHECK_MS.length;

export interface PollContext {
  services: WatchServices;
  source: PollSource;
  holds: Holds;
  /** How often a package is asked for that has no interval of its own. */
  intervalMs: number;
  /** 0 to 1, for jitter. */
  random: () => number;
  signal: AbortSignal;
  /** Lets what is new be written only while this is the one that watches. */
  fence: Fence;
  /** When following the changes feed began. */
  feedBegunAt: () => Promise<number>;
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
    await updateWatch(db, name, {}, { ...kept(due), due_at: held + spread(context, 1000) });
    return "held";
  }
  if (due.by_feed === 1 && due.polled_at === null) return firstLook(context, due, begun);
  const answer = await source.poll(name, due);
  if (signal.aborted) return "stopped";
  const now = services.now();
  switch (answer.kind) {
    case "unchanged": {
      holds.fine(origin);
      await updateWatch(db, name, { polled_at: now, failures: 0, error: null, error_at: null }, next(context, due));
      return "unchanged";
    }
    case "document": {
      holds.fine(origin);
      const { releases } = await recordDocument(context, name, answer, plansOf(context, due));
      await keep(context, releases);
      return releases.length > 0 ? "new" : "unchanged";
    }
    case "throttled": {
      holds.trouble(origin, begun, answer.retryAfterMs);
      // Nothing is wrong with the package: it is asked for again when the registry wants to be asked.
      const error = "The registry asked for fewer requests.";
      const due_at = holds.until(origin) + spread(context, 1000);
      await updateWatch(db, name, { error, error_at: now }, { ...kept(due), due_at });
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

/** A package that nobody added is read whole, once: its history makes the baseline. */
async function firstLook(context: PollContext, due: DueWatch, begun: number): Promise<PollOutcome> {
  const { source, holds, signal, feedBegunAt } = context;
  const name = due.package;
  try {
    const packument = await source.packument(name, { full: true });
    const { releases } = await recordFirstSight(context, name, packument, await feedBegunAt(), plansOf(context, due));
    await keep(context, releases);
    return releases.length > 0 ? "new" : "unchanged";
  } catch (thrown) {
    if (signal.aborted) return "stopped";
    const { code, message } = toFangsError(thrown);
    if (code === "registry_unreachable") holds.trouble(source.origin(name), begun, null);
    await fail(context, due, message);
    return code === "package_not_found" ? "missing" : "failed";
  }
}

async function keep({ services, source, signal }: PollContext, releases: Recorded["releases"]): Promise<void> {
  for (const release of releases) {
    if (signal.aborted) break;
    await fetchTarball(services, source, release);
  }
}

/** When to look again after an answer. What is not looked at at intervals rests, unless the feed told of a change. */
function next({ services, intervalMs, random }: PollContext, due: DueWatch): Plan {
  const ms = due.by_feed === 1 ? Number.POSITIVE_INFINITY : jitter(due.interval_ms ?? intervalMs, random);
  const recheck = due.rechecks > 0 ? RECHECK_MS[RECHECK_MS.length - due.rechecks] : undefined;
  const pause = Math.min(recheck ?? ms, ms);
  return {
    read: due.due_at,
    due_at: Number.isFinite(pause) ? services.now() + pause : null,
    rechecks: Math.max(0, due.rechecks - 1),
  };
}

/** The plan where a look finds nothing new, and where it finds what was told of. */
function plansOf(context: PollContext, due: DueWatch): { plan: Plan; settled: Plan } {
  return { plan: next(context, due), settled: next(context, { ...due, rechecks: 0 }) };
}

/** The looks that are to come stay those that they were. */
function kept({ due_at, rechecks }: DueWatch): Pick<Plan, "read" | "rechecks"> {
  return { read: due_at, rechecks };
}

async function fail({ services, random }: PollContext, due: DueWatch, error: string): Promise<void> {
  const now = services.now();
  const failures = due.failures + 1;
  const pause = Math.min(BACKOFF_MS * 2 ** Math.min(due.failures, 20), LONGEST_BACKOFF_MS);
  const trouble = { failures, error: error.slice(0, 500), error_at: now };
  await updateWatch(services.db, due.package, trouble, { ...kept(due), due_at: now + jitter(pause, random) });
}

function spread({ random }: PollContext, ms: number): number {
  return Math.round(random() * ms);
}
