/** The watcher: looks at every watched package when it is due, and at nothing more often than it may. */
import type { NpmConfig } from "../../npm/config.ts";
import { checkPackument } from "../../npm/packument.ts";
import { createPollSource, type PollSource } from "../../npm/poll.ts";
import type { RegistryLimits } from "../../npm/registry.ts";
import type { Fence, LeaderWork } from "../leader.ts";
import { logDefect } from "../problem.ts";
import type { WatchServices } from "./services.ts";
import { listFeeds } from "../store/feeds.ts";
import { dropKeptBefore, listFetches } from "../store/seen-releases.ts";
import { listDue, nextDue } from "../store/watches.ts";
import { fetchTarball } from "./fetch.ts";
import { type FeedSettings, followFeed } from "./feed.ts";
import { createHolds } from "./holds.ts";
import { createPacer } from "./pacer.ts";
import { type PollContext, pollPackage } from "./poll.ts";

export interface WatchOptions {
  /** Where registries are, and how to get in. */
  npm: NpmConfig;
  /** How often each package is looked at. */
  intervalMs: number;
  /** Requests per second to all registries together, tarballs included. */
  rate: number;
  /** Requests at a time; 16 if not given. */
  concurrency?: number;
  limits?: Partial<RegistryLimits>;
  /** The changes feed to follow; none if not given. */
  feed?: FeedSettings;
  /** How long a tarball is kept, and how much they may take together; 30 days and 20 GiB if not given. */
  keepMs?: number;
  keepBytes?: number;
}

const CONCURRENCY = 16;
/** How soon a package that was just added is looked at, at the latest. */
const IDLE_MS = 1000;
const KEEP_MS = 30 * 86_400_000;
const KEEP_BYTES = 20 * 1024 ** 3;
const PRUNE_EVERY_MS = 60 * 60_000;

/** The watcher as work for the leader. */
export function watcher(services: WatchServices, options: WatchOptions): LeaderWork {
  return (signal, fence) => watch(services, options, signal, fence);
}

/** Watches until the signal; ends when what is under way has ended. What it finds new is written behind the fence. */
export async function watch(
  services: WatchServices,
  options: WatchOptions,
  signal: AbortSignal,
  fence: Fence = async () => {},
): Promise<void> {
  const pace = createPacer(options.rate, signal);
  const source = createPollSource(options.npm, {
    pace,
    signal,
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  });
  const { intervalMs } = options;
  const context: PollContext = {
    ...{ services, source, intervalMs, signal, fence },
    holds: createHolds(services.now),
    random: Math.random,
    feedBegunAt: async () => Math.min(services.now(), ...(await listFeeds(services.db)).map((row) => row.begun_at)),
  };
  const { npm, feed } = options;
  const following = feed === undefined ? undefined : followFeed({ services, npm, feed, pace, signal, fence });
  const running = new Map<string, Promise<void>>();
  const start = (key: string, work: () => Promise<unknown>): void => {
    const ended = work()
      .catch((thrown: unknown) => (signal.aborted ? undefined : logDefect(thrown)))
      .then(() => void running.delete(key));
    running.set(key, ended);
  };

  let pruneAt = 0;
  while (!signal.aborted) {
    const now = services.now();
    if (now >= pruneAt) {
      pruneAt = now + PRUNE_EVERY_MS;
      start("/prune", () => prune(services, options));
    }
    await startDue(context, running, start, options.concurrency ?? CONCURRENCY);
    await rest(services, running, options.concurrency ?? CONCURRENCY, signal);
  }
  await Promise.all([following, ...running.values()]);
}

// --- internal ---

type Start = (key: string, work: () => Promise<unknown>) => void;

/** Starts what is due, tarballs first: they may be gone soon. */
async function startDue(
  context: PollContext,
  running: ReadonlyMap<string, unknown>,
  start: Start,
  concurrency: number,
): Promise<void> {
  const { services, source } = context;
  const now = services.now();
  let free = concurrency - running.size;
  if (free <= 0) return;
  for (const release of await listFetches(services.db, now, running.size + free)) {
    // Whoever polls the package right now is about to fetch it.
    if (free <= 0 || running.has(release.package)) continue;
    free -= 1;
    start(release.package, () => refetch(services, source, release));
  }
  for (const due of await listDue(services.db, now, running.size + free)) {
    if (free <= 0 || running.has(due.package)) continue;
    free -= 1;
    start(due.package, async () => services.metrics.polls.inc({ outcome: await pollPackage(context, due) }));
  }
}

/** Until something ended or is due. */
async function rest(
  services: WatchServices,
  running: ReadonlyMap<string, Promise<void>>,
  concurrency: number,
  signal: AbortSignal,
): Promise<void> {
  if (running.size >= concurrency) return void (await Promise.race(running.values()));
  const now = services.now();
  const due = (await nextDue(services.db, now)) ?? Number.POSITIVE_INFINITY;
  const waiting = services.watching.wait(Math.min(due - now, IDLE_MS), signal);
  await Promise.race([waiting, ...running.values()]);
}

async function refetch(
  services: WatchServices,
  source: PollSource,
  { manifest, ...release }: Awaited<ReturnType<typeof listFetches>>[number],
): Promise<void> {
  const { package: name, version } = release;
  const { versions } = checkPackument({ name, versions: { [version]: JSON.parse(manifest) } }, name);
  const checked = versions[version];
  if (checked !== undefined) await fetchTarball(services, source, { ...release, manifest: checked });
}

async function prune(
  services: WatchServices,
  { keepMs = KEEP_MS, keepBytes = KEEP_BYTES }: WatchOptions,
): Promise<void> {
  const olderThan = services.now() - keepMs;
  await services.tarballs.prune({ olderThan, mostBytes: keepBytes });
  await dropKeptBefore(services.db, olderThan);
}
