/** A turn for each request: never more per second than is allowed, and never two at once to make up for a pause. */
import { createSignal } from "../signal.ts";

/**
 * Answers with a function that waits for the caller's turn; turns come in the order in which they were asked for. After
 * the abort there are none: it throws the signal's reason.
 */
export function createPacer(perSecond: number, signal: AbortSignal): () => Promise<void> {
  const gapMs = 1000 / perSecond;
  let last = Number.NEGATIVE_INFINITY;
  let tail = Promise.resolve();
  async function turn(): Promise<void> {
    // A timer may go off early by a fraction of a millisecond, and the gap must hold even then.
    for (let left = gapMs; left > 0 && !signal.aborted;) {
      left = last + gapMs - performance.now();
      if (left > 0) await pause(Math.ceil(left), signal);
    }
    last = performance.now();
  }
  return async () => {
    tail = tail.then(turn);
    await tail;
    signal.throwIfAborted();
  };
}

// --- internal ---

const pause = createSignal().wait;
