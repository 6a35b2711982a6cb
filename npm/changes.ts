/** The changes feed of a registry: which packages changed, in order, by numeric `since` and `limit`. */
import { FangsError } from "../protocol/errors.ts";
import type { NpmConfig } from "./config.ts";
import { isPackageName } from "./names.ts";
import { parseRetryAfter } from "./retry-after.ts";
import { type Answer, type GetOptions, getBounded } from "./transport.ts";

const PAGE_BYTES = 16 * 1024 * 1024;
const PAGE_MS = 60_000;

/** A part of the feed. */
export interface Changes {
  /** Packages that changed, each once, in the order of their last change. */
  names: string[];
  /** Those of them that are gone. */
  deleted: ReadonlySet<string>;
  /** Where the next part begins. */
  last: number;
  /** How many entries there were, those included that could not be read. */
  entries: number;
  /** Entries that are not of a package, or of none that npm would accept. */
  skipped: number;
}

export type ChangesAnswer =
  | { kind: "changes"; changes: Changes }
  /** The feed is behind where it was, or knows the place no more: it was begun anew. */
  | { kind: "reset" }
  | { kind: "throttled"; retryAfterMs: number | null };

export interface FeedOptions extends Pick<GetOptions, "pace" | "signal"> {
  bytes?: number;
  ms?: number;
}

/**
 * The changes after a place, at most `limit`.
 *
 * @throws FangsError registry_unreachable, registry_invalid
 */
export async function readChanges(
  config: NpmConfig,
  feed: string,
  { since, limit, ...options }: FeedOptions & { since: number; limit: number },
): Promise<ChangesAnswer> {
  const url = new URL(feed);
  url.searchParams.set("since", String(since));
  url.searchParams.set("limit", String(limit));
  const answer = await get(config, url.href, options);
  if (answer.status === 429 || answer.status === 503)
    return { kind: "throttled", retryAfterMs: parseRetryAfter(answer.headers.get("retry-after"), Date.now()) };
  // The place is gone, or lies behind the end.
  if (answer.status === 410 || answer.status === 416) return { kind: "reset" };
  const changes = parseChanges(json(answer, feed), { since, limit });
  return changes === undefined ? { kind: "reset" } : { kind: "changes", changes };
}

/**
 * Where the feed ends now: the `update_seq` of what is above it, else the newest of its changes.
 *
 * @throws FangsError registry_unreachable, registry_invalid
 */
export async function readFeedEnd(config: NpmConfig, feed: string, options: FeedOptions): Promise<number> {
  const above = await get(config, new URL(".", feed).href, options);
  const told = above.status === 200 ? sequence(field(parse(above.body), "update_seq")) : undefined;
  if (told !== undefined) return told;
  const url = new URL(feed);
  url.searchParams.set("descending", "true");
  url.searchParams.set("limit", "1");
  const document = json(await get(config, url.href, options), feed);
  const results = field(document, "results");
  const end = Array.isArray(results) ? sequence(field(results[0], "seq")) : undefined;
  if (end !== undefined) return end;
  throw invalid(feed, "it does not tell where it ends");
}

/**
 * A document of the feed; undefined: it ends before the place that was asked for.
 *
 * @throws FangsError registry_invalid for what is no part of a feed, or leads nowhere
 */
export function parseChanges(
  document: unknown,
  { since, limit }: { since: number; limit: number },
): Changes | undefined {
  const results = field(document, "results");
  if (!Array.isArray(results)) throw invalid("the changes feed", "it has no results");
  if (results.length > limit) throw invalid("the changes feed", `it gave more than the ${limit} changes asked for`);
  const names = new Set<string>();
  const deleted = new Set<string>();
  let last = since;
  let skipped = 0;
  for (const entry of results) {
    const at = sequence(field(entry, "seq"));
    const name = field(entry, "id");
    if (at !== undefined && at > last) last = at;
    if (at === undefined || at <= since || typeof name !== "string" || !isPackageName(name)) {
      skipped += 1;
      continue;
    }
    // A later change takes the place of an earlier one.
    names.delete(name);
    names.add(name);
    if (field(entry, "deleted") === true) deleted.add(name);
    else deleted.delete(name);
  }
  const told = sequence(field(document, "last_seq"));
  if (results.length === 0) {
    if (told !== undefined && told < since) return undefined;
    return { names: [], deleted, last: told ?? since, entries: 0, skipped };
  }
  if (last === since) throw invalid("the changes feed", "its changes have no numbers behind the one asked for");
  return { names: [...names], deleted, last, entries: results.length, skipped };
}

// --- internal ---

function get(config: NpmConfig, url: string, { bytes = PAGE_BYTES, ms = PAGE_MS, ...rest }: FeedOptions) {
  return getBounded(config, url, { accept: "application/json", bytes, ms, ...rest });
}

function json(answer: Answer, feed: string): unknown {
  if (answer.status !== 200) {
    throw new FangsError("registry_unreachable", `The changes feed answered with status ${answer.status}.`, {
      hint: "Check its address in the setting changes-feed.",
    });
  }
  const document = parse(answer.body);
  if (document === undefined) throw invalid(feed, "it is not JSON");
  return document;
}

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}

/** A number of the feed: as a number, or in words as some servers have it. */
function sequence(value: unknown): number | undefined {
  const number = typeof value === "string" && /^\d{1,16}$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

function field(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<string, unknown>)[key];
}

function invalid(feed: string, why: string): FangsError {
  const what = feed.includes("://") ? `The changes feed ${new URL(feed).host}` : "The changes feed";
  return new FangsError("registry_invalid", `${what} cannot be read: ${why}.`, {
    hint: "The setting changes-feed must name a feed with numeric `since` and `limit`.",
  });
}
