/** The Retry-After header: seconds or a date. */

const LONGEST_MS = 60 * 60_000;
const SHORTEST_MS = 1000;

/** How long to wait, from a second to an hour; null where the header is absent or says nothing that can be used. */
export function parseRetryAfter(header: string | null, now: number): number | null {
  const text = header?.trim() ?? "";
  if (/^\d{1,9}$/.test(text)) return within(Number(text) * 1000);
  // Only the date of HTTP, https://www.rfc-editor.org/rfc/rfc9110#http.date: Date.parse reads nearly anything.
  if (!/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text)) return null;
  const moment = Date.parse(text);
  return Number.isNaN(moment) ? null : within(moment - now);
}

// --- internal ---

function within(ms: number): number {
  return Math.min(Math.max(ms, SHORTEST_MS), LONGEST_MS);
}
