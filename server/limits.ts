/** How often something may be done: by key, with a burst, in bounded memory. */
import { FangsError } from "../protocol/errors.ts";

export interface Rate {
  perSecond: number;
  /** How many at once after a pause. */
  burst: number;
}

export interface Limiter {
  /** Counts one and answers 0; or answers after how many ms the next will be let through, and counts nothing. */
  take(key: string): number;
  /** How many keys are remembered. */
  readonly size: number;
}

/** Keys that are remembered at most; beyond them the one that was quiet longest starts anew. */
const MOST_KEYS = 10_000;

/** A rate such as 3 a second leaves thirds of milliseconds, which floating point does not add up exactly. */
const ROUNDING_MS = 0.001;

/** A token bucket per key, kept as the one moment at which it will be full again (GCRA, ITU-T I.371). */
export function createLimiter(rate: Rate, now: () => number, mostKeys = MOST_KEYS): Limiter {
  const interval = 1000 / rate.perSecond;
  // In the order of their last use.
  const full = new Map<string, number>();
  return {
    take(key) {
      const at = now();
      const known = full.get(key) ?? at;
      const next = Math.max(at, known) + interval;
      const wait = next - at - rate.burst * interval;
      if (wait > ROUNDING_MS) return wait;
      full.delete(key);
      if (full.size >= mostKeys) full.delete(full.keys().next().value!);
      full.set(key, next);
      return 0;
    },
    get size() {
      return full.size;
    },
  };
}

/** Too much was asked; the answer says when to ask again. */
export class RateLimited extends FangsError {
  /** For the header Retry-After. */
  readonly seconds: number;

  constructor(whose: string, waitMs: number) {
    const seconds = Math.max(1, Math.ceil(waitMs / 1000));
    super("rate_limited", `${whose} asked too much.`, { hint: `Ask again in ${seconds} s.` });
    this.seconds = seconds;
  }
}

/**
 * What an address counts as: an IPv6 network of 64 bits is one host's, whose addresses cost it nothing.
 *
 * @param address as the socket gives it
 */
export function addressKey(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.toLowerCase().split("%")[0]!.split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const groups = [...before, ...Array<string>(zeros).fill("0"), ...after];
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":")}::/64`;
}
