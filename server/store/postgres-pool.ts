/**
 * Connections to Postgres, handed out to one query or transaction at a time. Each is a driver instance of its own with
 * exactly one connection: the driver's own pool connects anew below a transaction whose connection broke, and the rest
 * of its statements would run outside of it.
 */
import { databaseUnavailable, isConnectionLost } from "./failure.ts";

/** What the pool needs of a driver instance. */
export interface Connection {
  end(options: { timeout: number }): Promise<void>;
}

/** A connection in use. */
export interface Session<C extends Connection> {
  /**
   * Does one step with the connection.
   *
   * @throws FangsError database_unavailable where the connection is broken, or the step takes too long
   */
  use<T>(step: (connection: C) => Promise<T>): Promise<T>;
  /** Gives the connection back; a broken one is thrown away. */
  release(): void;
}

export interface Pool<C extends Connection> {
  /** @throws FangsError database_unavailable where none is free in time, or the pool is closed */
  acquire(): Promise<Session<C>>;
  close(): Promise<void>;
}

export interface PoolOptions {
  size: number;
  /** How long a step may take: what takes longer has no connection any more. */
  stepMs: number;
  /** How long a free connection is waited for. */
  waitMs: number;
}

/** A pool of what `connect` makes; that calls back when its connection breaks. */
export function createPool<C extends Connection>(connect: (broken: () => void) => C, options: PoolOptions): Pool<C> {
  const idle: Member<C>[] = [];
  const waiting: (() => void)[] = [];
  const all = new Set<Member<C>>();
  let closed = false;

  function take(): Member<C> | undefined {
    for (let member = idle.pop(); member !== undefined; member = idle.pop()) {
      if (!member.broken) return member;
      discard(member);
    }
    if (all.size >= options.size) return undefined;
    const member: Member<C> = { connection: connect(() => (member.broken = true)), broken: false };
    all.add(member);
    return member;
  }

  function discard(member: Member<C>): void {
    all.delete(member);
    // Broken already; this only lets its timers go.
    member.connection.end({ timeout: 0 }).catch(() => {});
  }

  async function acquire(): Promise<Session<C>> {
    const deadline = performance.now() + options.waitMs;
    for (;;) {
      if (closed) throw databaseUnavailable("The store is closed.");
      const member = take();
      if (member !== undefined) return session(member);
      const left = deadline - performance.now();
      if (left <= 0)
        throw databaseUnavailable(`No connection to the database was free within ${options.waitMs / 1000} seconds.`);
      await turn(left);
    }
  }

  /** Waits for a release. */
  async function turn(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    waiting.push(resolve);
    await promise;
    clearTimeout(timer);
    const at = waiting.indexOf(resolve);
    if (at >= 0) waiting.splice(at, 1);
  }

  function session(member: Member<C>): Session<C> {
    return {
      async use(step) {
        if (member.broken) throw databaseUnavailable("The connection to the database broke.");
        const late = Promise.withResolvers<never>();
        const timer = setTimeout(() => {
          member.broken = true;
          late.reject(databaseUnavailable(`The database did not answer within ${options.stepMs / 1000} seconds.`));
        }, options.stepMs);
        try {
          return await Promise.race([step(member.connection), late.promise]);
        } catch (error) {
          if (isConnectionLost(error)) member.broken = true;
          throw error;
        } finally {
          clearTimeout(timer);
        }
      },
      release() {
        if (member.broken) discard(member);
        else idle.push(member);
        waiting.shift()?.();
      },
    };
  }

  return {
    acquire,
    async close() {
      closed = true;
      for (const wake of waiting.splice(0)) wake();
      await Promise.all([...all].map((member) => member.connection.end({ timeout: 5 })));
    },
  };
}

// --- internal ---

interface Member<C> {
  connection: C;
  broken: boolean;
}
