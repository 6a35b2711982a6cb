/** Group commit: transactions that wait at the same time are done one after the other and committed together. */
import type { Database as Sqlite } from "bun:sqlite";
import type { Lock } from "./lock.ts";

/** Most transactions of one commit: the first of them waits for the last. */
const MOST = 16;

/** Does the work in a transaction; resolves when it is committed. */
export type Transact = <T>(work: () => Promise<T>) => Promise<T>;

interface Failure {
  thrown: unknown;
}

/** A work, and those who wait for it. */
interface Waiting {
  work(): Promise<void>;
  /** The commit took place, or something went wrong. */
  end(failure?: Failure): void;
}

/**
 * Transactions on one connection. Each is all or nothing by itself: one that throws leaves the others of its group as
 * they are. What none of them can survive (a full disk, say) fails them all, and nothing of them is stored.
 */
export function createGroupCommit(raw: Sqlite, lock: Lock): Transact {
  const waiting: Waiting[] = [];
  let committing = false;

  async function commitAll(): Promise<void> {
    committing = true;
    while (waiting.length > 0) {
      // Whoever else is about to ask is let in first.
      await new Promise(setImmediate);
      const release = await lock.acquire();
      const group = waiting.splice(0, MOST);
      try {
        await commit(raw, group);
      } catch (thrown) {
        // Not even the rollback went well: nothing of it is stored.
        for (const one of group) one.end({ thrown });
      } finally {
        release();
      }
    }
    committing = false;
  }

  return <T>(work: () => Promise<T>) => {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    let answer: () => void;
    waiting.push({
      async work() {
        const value = await work();
        answer = () => resolve(value);
      },
      end: (failure) => (failure === undefined ? answer() : reject(failure.thrown)),
    });
    if (!committing) void commitAll();
    return promise;
  };
}

// --- internal ---

async function commit(raw: Sqlite, group: readonly Waiting[]): Promise<void> {
  const failures = new Map<Waiting, Failure>();
  let isOpen = false;
  try {
    // Immediate: a reader that turns writer half-way can fail where another process wrote in between.
    raw.run("begin immediate");
    isOpen = true;
    for (const one of group) {
      const failure = await attempt(raw, one, group.length > 1);
      if (failure !== undefined) failures.set(one, failure);
    }
    raw.run("commit");
  } catch (thrown) {
    // On a full disk SQLite has rolled back by itself, and an error here would hide that one.
    if (isOpen && raw.inTransaction) raw.run("rollback");
    for (const one of group) one.end(failures.get(one) ?? { thrown });
    return;
  }
  for (const one of group) one.end(failures.get(one));
}

/** Does one work of a group; undefined: well. Where it is alone there is nothing else to be kept. */
async function attempt(raw: Sqlite, one: Waiting, hasOthers: boolean): Promise<Failure | undefined> {
  if (hasOthers) raw.run("savepoint one");
  try {
    await one.work();
    if (hasOthers) raw.run("release one");
    return undefined;
  } catch (thrown) {
    if (!hasOthers || !raw.inTransaction) throw thrown;
    raw.run("rollback to one");
    raw.run("release one");
    return { thrown };
  }
}
