/** When a message is tried again. */

/** The longest that a receiver can make us wait, ms. */
export const LONGEST_WAIT_MS = 3_600_000;

/** Delay before attempt 2, 3, … in ms: they end within three quarters of an hour. */
export const BACKOFF_MS: readonly number[] = [10_000, 60_000, 360_000, 2_160_000];

/**
 * The delay after an attempt, in ms: its back-off, a quarter more or less by chance, so that receivers that were away do not get everything at
 * once; and no less than what the receiver asked for.
 */
export function delayAfter(
  attempt: number,
  retryAfterMs: number | null,
  backoffMs: readonly number[] = BACKOFF_MS,
  random: () => number = Math.random,
): number {
  const base = backoffMs[Math.min(attempt, backoffMs.length) - 1] ?? 0;
  return Math.max(Math.round(base * (0.75 + random() / 2)), retryAfterMs ?? 0);
}

/** What a header `Retry-After` asks for, ms from now, at most an hour: seconds or a date (RFC 9110). Null where it asks for nothing. */
export function parseRetryAfter(header: string | undefined, now: number): number | null {
  if (header === undefined) return null;
  const text = header.trim();
  // Some send fractions of a second.
  const ms = /^\d{1,10}(\.\d{1,6})?$/.test(text) ? Number(text) * 1000 : isDate(text) ? Date.parse(text) - now : 0;
  return Number.isFinite(ms) && ms > 0 ? Math.min(Math.ceil(ms), LONGEST_WAIT_MS) : null;
}

// --- internal ---

/** `Sun, 06 Nov 1994 08:49:37 GMT` and its two older forms. Date.parse alone takes nearly everything. */
function isDate(text: string): boolean {
  return /^[A-Z][a-z]{2,8},? [0-9A-Za-z :-]{10,30}$/.test(text);
}
