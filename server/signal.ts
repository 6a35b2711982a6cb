/** Wakes those who wait for something in this process. */
export interface Signal {
  /** Wakes all who wait now. */
  fire(): void;
  /** Waits for the next `fire`, at most `ms`, and not beyond the abort. */
  wait(ms: number, abort?: AbortSignal): Promise<void>;
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
