import type { Database } from "./store/database.ts";

/** Wakes those who wait for something. */
export interface Signal {
  /** Wakes all who wait now. */
  fire(): void;
  /** Waits for the next `fire`, at most `ms`, and not beyond the abort. */
  wait(ms: number, abort?: AbortSignal): Promise<void>;
}

/** A signal that reaches those who wait in any orchestrator on this store: in another one late, or not at all. */
export function sharedSignal(db: Pick<Database, "notify" | "listen">, channel: string): Signal {
  const { fire, wait } = createSignal();
  db.listen(channel, fire);
  return {
    fire() {
      fire();
      db.notify(channel);
    },
    wait,
  };
}

export function createSignal(): Signal {
  const waiting = new Set<() => void>();
  return {
    fire() {
      for (const wake of waiting) wake();
    },
    async wait(ms, abort) {
      const { promise, resolve: wake } = Promise.withResolvers<void>();
      const stop = (): void => wake();
      const timer = setTimeout(stop, ms);
      waiting.add(stop);
      abort?.addEventListener("abort", stop);
      if (abort?.aborted) wake();
      await promise;
      clearTimeout(timer);
      waiting.delete(stop);
      abort?.removeEventListener("abort", stop);
    },
  };
}
