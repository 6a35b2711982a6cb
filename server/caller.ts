/** What is known of a request besides what it says: who sent it, and to which route. */

export interface Caller {
  /** Of the socket; no header can change it. */
  address: string;
  /** Name of the token that was shown, valid or not any more. */
  token?: string;
  /** The pattern of the route that it reached, e.g. `/v1/runs/:id`. */
  route?: string;
  /** Whether this address has shown too many wrong tokens. */
  isGuessing?: boolean;
}

/** Kept beside the request: the router hands nothing else on. */
const callers = new WeakMap<Request, Caller>();

export function callerOf(request: Request): Caller {
  let caller = callers.get(request);
  if (caller === undefined) {
    caller = { address: "unknown" };
    callers.set(request, caller);
  }
  return caller;
}
