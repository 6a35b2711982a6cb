/** Registries that are left alone for a while: they asked for it, or do not answer. */

const FIRST_MS = 1000;
const LONGEST_MS = 5 * 60_000;

export interface Holds {
  /** Until when the registry is left alone, ms; 0: it is not. */
  until(origin: string): number;
  /**
   * A request that began then was refused or not answered; `retryAfterMs`: how long the registry wants to be left alone.
   * Each trouble after the hold before doubles the time; those that began before it tell nothing new.
   */
  trouble(origin: string, begun: number, retryAfterMs: number | null): void;
  /** It answers. */
  fine(origin: string): void;
}

export function createHolds(now: () => number): Holds {
  const held = new Map<string, { until: number; nextMs: number }>();
  return {
    until: (origin) => held.get(origin)?.until ?? 0,
    trouble(origin, begun, retryAfterMs) {
      const before = held.get(origin);
      if (before !== undefined && begun < before.until) {
        if (retryAfterMs !== null) before.until = Math.max(before.until, now() + retryAfterMs);
        return;
      }
      const waitMs = Math.max(before?.nextMs ?? FIRST_MS, retryAfterMs ?? 0);
      held.set(origin, { until: now() + waitMs, nextMs: Math.min((before?.nextMs ?? FIRST_MS) * 2, LONGEST_MS) });
    },
    fine: (origin) => void held.delete(origin),
  };
}
