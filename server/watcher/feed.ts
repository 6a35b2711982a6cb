/** Follows a registry's changes feed: what it tells of is due to be looked at, at once. */
import { type ChangesAnswer, readChanges, readFeedEnd } from "../../npm/changes.ts";
import { matchesName } from "../../npm/globs.ts";
import type { NpmConfig } from "../../npm/config.ts";
import { toFangsError } from "../../protocol/errors.ts";
import { log } from "../../log/log.ts";
import type { Fence } from "../leader.ts";
import type { WatchServices } from "./services.ts";
import { createSignal } from "../signal.ts";
import { beginFeed, findFeed, markAllDue, markDue, noteFeed, watchByFeed } from "../store/feeds.ts";
import { RECHECKS } from "./poll.ts";

export interface FeedSettings {
  /** Its address, e.g. `https://registry.example/_changes`. */
  url: string;
  /** Globs of packages that are examined although nobody added them; none: only those that are watched already. */
  packages: readonly string[];
  /** Globs of packages that are not. */
  except: readonly string[];
  /** Changes in one request; 1,000 if not given. */
  limit?: number;
  /** How often it is asked when it has told everything; 10 s if not given. */
  everyMs?: number;
}

interface FeedContext {
  services: WatchServices;
  npm: NpmConfig;
  feed: FeedSettings;
  pace: () => Promise<void>;
  signal: AbortSignal;
  fence: Fence;
}

const LIMIT = 1000;
const EVERY_MS = 10_000;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 5 * 60_000;

/** Follows until the signal. Trouble is noted and tried again, less and less often. */
export async function followFeed(context: FeedContext): Promise<void> {
  const { services, feed, signal } = context;
  let pauseMs = FIRST_PAUSE_MS;
  while (!signal.aborted) {
    let restMs: number;
    try {
      const step = await followOnce(context);
      if (step.kind === "more") restMs = 0;
      else if (step.kind === "end") restMs = feed.everyMs ?? EVERY_MS;
      else restMs = Math.max(step.retryAfterMs ?? 0, pauseMs);
      pauseMs = step.kind === "throttled" ? Math.min(pauseMs * 2, LONGEST_PAUSE_MS) : FIRST_PAUSE_MS;
    } catch (thrown) {
      if (signal.aborted) return;
      const { message } = toFangsError(thrown);
      await noteFeed(services.db, feed.url, { error: message.slice(0, 500), error_at: services.now() });
      log.warn(`the changes feed: ${message}`);
      restMs = pauseMs;
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
    if (restMs > 0) await pause(restMs, signal);
  }
}

type Step = { kind: "more" } | { kind: "end" } | { kind: "throttled"; retryAfterMs: number | null };

/**
 * Takes over one part of the feed: what it tells of is due, and where it was read to is stored, in one transaction.
 *
 * @throws FangsError registry_unreachable, registry_invalid, lead_lost
 */
export async function followOnce(context: FeedContext): Promise<Step> {
  const { services, npm, feed, pace, signal, fence } = context;
  const { db } = services;
  const place = await findFeed(db, feed.url);
  if (place === undefined) {
    // What happened before is history for packages that are added, and seen by polling for those that are watched.
    const end = await readFeedEnd(npm, feed.url, { pace, signal });
    await db.transaction(async (inner) => {
      await fence(inner);
      await beginFeed(inner, feed.url, end, services.now());
      await markAllDue(inner, services.now());
    });
    return { kind: "more" };
  }
  const limit = feed.limit ?? LIMIT;
  const answer = await readChanges(npm, feed.url, { since: place.since, limit, pace, signal });
  if (answer.kind === "throttled") {
    const now = services.now();
    await noteFeed(db, feed.url, { error: "It asked for fewer requests.", error_at: now });
    return answer;
  }
  if (answer.kind === "reset") return restart(context);
  return takeOver(context, answer.changes, limit);
}

// --- internal ---

const pause = createSignal().wait;

async function takeOver(
  { services, feed, fence }: FeedContext,
  changes: Extract<ChangesAnswer, { kind: "changes" }>["changes"],
  limit: number,
): Promise<Step> {
  const isEnd = changes.entries < limit;
  await services.db.transaction(async (db) => {
    await fence(db);
    const now = services.now();
    await markDue(db, changes.names, now, RECHECKS);
    const wanted = changes.names.filter((name) => !changes.deleted.has(name) && isWanted(feed, name));
    await watchByFeed(db, wanted, now, RECHECKS);
    await noteFeed(db, feed.url, {
      ...{ since: changes.last, read_at: now, skipped: changes.skipped, error: null, error_at: null },
      ...(isEnd ? { caught_up_at: now } : {}),
    });
  }, "rows");
  if (changes.names.length > 0) services.watching.fire();
  return { kind: isEnd ? "end" : "more" };
}

/** The numbers of before mean nothing any more: every watched package is looked at, and the feed followed from its end. */
async function restart({ services, npm, feed, pace, signal, fence }: FeedContext): Promise<Step> {
  const end = await readFeedEnd(npm, feed.url, { pace, signal });
  await services.db.transaction(async (db) => {
    await fence(db);
    const now = services.now();
    await markAllDue(db, now);
    await noteFeed(db, feed.url, { since: end, read_at: now, resets: 1, error: null, error_at: null });
  });
  log.warn("the changes feed was begun anew: every watched package is looked at; others may have been missed");
  services.watching.fire();
  // One that is begun anew again and again is asked less and less often.
  return { kind: "throttled", retryAfterMs: null };
}

function isWanted({ packages, except }: FeedSettings, name: string): boolean {
  return packages.some((glob) => matchesName(glob, name)) && !except.some((glob) => matchesName(glob, name));
}
