/** What stands before the routes: how much may be asked, and what is noted of what was refused. */
import { callerOf } from "./caller.ts";
import { addressKey, createLimiter, type Limiter, type Rate, RateLimited } from "./limits.ts";
import { createRefusals, type Refusals } from "./refusals.ts";
import type { Database } from "./store/open.ts";
import type { Identity } from "./store/tokens.ts";

export interface Gate {
  refusals: Refusals;
  /** @throws RateLimited where the address asked too much, whatever it asked for */
  address(request: Request): void;
  /** @throws RateLimited where the address asked too much without a token */
  open(request: Request): void;
  /** @throws RateLimited where the token was used too much */
  token(identity: Identity): void;
  /** @throws RateLimited where the address has shown too many wrong tokens */
  wrongToken(request: Request): void;
}

/** Requests a second of one token, if not given. */
export const REQUESTS_PER_SECOND = 1000;

/** @param perSecond of one token; a runner's and an address may five times as many. 0: no limit */
export function createGate(db: Database, now: () => number, perSecond = REQUESTS_PER_SECOND): Gate {
  const rate = (times: number): Rate =>
    perSecond === 0
      ? { perSecond: Number.POSITIVE_INFINITY, burst: 1 }
      : { perSecond: perSecond * times, burst: 2 * perSecond * times };
  const addresses = createLimiter(rate(5), steady);
  const tokens = createLimiter(rate(1), steady);
  // Every segment is a request of its own.
  const runners = createLimiter(rate(5), steady);
  const open = createLimiter({ perSecond: 50, burst: 200 }, steady);
  const wrong = createLimiter({ perSecond: 0.5, burst: 20 }, steady);
  return {
    refusals: createRefusals(db, now),
    address: (request) => take(addresses, keyOf(request), "This address"),
    open: (request) => take(open, keyOf(request), "This address"),
    token({ token, name, scope }) {
      if (token !== null) take(scope === "runner" ? runners : tokens, token, `The token ${name}`);
    },
    wrongToken(request) {
      const wait = wrong.take(keyOf(request));
      if (wait === 0) return;
      callerOf(request).isGuessing = true;
      throw new RateLimited("This address", wait);
    },
  };
}

// --- internal ---

/** A clock that is set back must not refuse everybody until it is there again. */
function steady(): number {
  return performance.now();
}

function keyOf(request: Request): string {
  return addressKey(callerOf(request).address);
}

function take(limiter: Limiter, key: string, whose: string): void {
  const wait = limiter.take(key);
  if (wait > 0) throw new RateLimited(whose, wait);
}
