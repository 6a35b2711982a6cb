/** A lock that waiters get in the order they came. */
export interface Lock {
  /** Waits for the lock; the answer gives it back and must be called once. */
  acquire(): Promise<() => void>;
}

export function createLock(): Lock {
  let tail: Promise<void> = Promise.resolve();
  return {
    async acquire() {
      const before = tail;
      const { promise, resolve } = Promise.withResolvers<void>();
      tail = promise;
      await before;
      return resolve;
    },
  };
}
