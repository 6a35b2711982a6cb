/** Waiting that always ends. */
import { FangsError } from "../../protocol/errors.ts";

/**
 * The promise's value, if it settles within `ms`. What the promise does later is ignored.
 *
 * @throws FangsError sandbox_failed naming `what` was waited for
 */
export async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  const { promise: expired, reject } = Promise.withResolvers<never>();
  const late = () => reject(new FangsError("sandbox_failed", `${what} took longer than ${Math.round(ms / 1000)} s.`));
  const timer = setTimeout(late, ms);
  try {
    return await Promise.race([promise, expired]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks every `every` ms until the answer is true; false if `ms` passed first. */
export async function until(ms: number, every: number, ask: () => boolean | Promise<boolean>): Promise<boolean> {
  const end = performance.now() + ms;
  while (!(await ask())) {
    if (performance.now() >= end) return false;
    await Bun.sleep(every);
  }
  return true;
}
