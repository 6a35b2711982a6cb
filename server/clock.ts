/** The host's clock is set now and then: by hand, by time synchronisation, by a machine that slept. Deadlines must not believe it. */
import { log } from "../log/log.ts";
import type { Services } from "./services.ts";
import { moveDeadlines } from "./store/deadlines.ts";

export interface ClockWatch {
  /**
   * Does the work before anything is judged by the clock, once it was set; however many ask at a time, it is done once,
   * and again where it failed. `movedMs`: by how much, negative: back.
   */
  settle(work: (movedMs: number) => Promise<void>): Promise<void>;
  /** Deadlines may have passed because nobody could put them off: the next `settle` works, too. */
  doubt(): void;
}

/** Drift that synchronisation smooths away is far below; a process that was stopped is no jump, for both clocks go on. */
const JUMP_MS = 2000;

/** @param steady ms that never jump */
export function watchClock(now: () => number, steady: () => number = () => performance.now()): ClockWatch {
  let offset = now() - steady();
  let owed = 0;
  let isOwed = false;
  let working: Promise<void> | undefined;

  async function pay(work: (movedMs: number) => Promise<void>): Promise<void> {
    const paying = owed;
    isOwed = false;
    try {
      await work(paying);
      owed -= paying;
    } catch (error) {
      isOwed = true;
      throw error;
    }
  }

  return {
    async settle(work) {
      const moved = now() - steady() - offset;
      offset += moved;
      if (Math.abs(moved) >= JUMP_MS) {
        owed += moved;
        isOwed = true;
      }
      if (isOwed) working ??= pay(work).finally(() => (working = undefined));
      await working;
    },
    doubt: () => void (isOwed = true),
  };
}

/** Puts the deadlines in the store right where the clock was set. */
export function settleClock(services: Services): Promise<void> {
  const { db, clockWatch, now, leaseMs, controlMs } = services;
  return clockWatch.settle(async (moved) => {
    await moveDeadlines(db, { now: now(), moved, leaseMs, controlMs });
    const seconds = Math.round(moved / 1000);
    log.warn(moved === 0 ? "leases begin anew" : "the clock was set; leases begin anew", { seconds });
  });
}
