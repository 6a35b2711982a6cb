/** From a host's name to addresses that may be connected to. Only these are used: the name is not looked up again. */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { refusal } from "./address-guard.ts";
import { SendError } from "./send-error.ts";

/** Looks a name up; stands in for the system's resolver in tests. */
export type Lookup = (host: string) => Promise<string[]>;

/** The system's resolver. */
export const systemLookup: Lookup = async (host) =>
  (await lookup(host, { all: true, verbatim: true })).map(({ address }) => address);

/**
 * The addresses of a host that may be connected to, at most three.
 *
 * @throws SendError where there are none
 */
export async function resolveAllowed(
  host: string,
  { allowed, lookup: find, signal }: { allowed: readonly string[]; lookup: Lookup; signal: AbortSignal },
): Promise<string[]> {
  const addresses = isIP(host) === 0 ? await lookUp(host, find, signal) : [host];
  const good = addresses.filter((address) => refusal(address, allowed) === undefined);
  if (good.length > 0) return good.slice(0, 3);
  const first = addresses[0];
  if (first === undefined) throw new SendError(`${host} has no address.`);
  throw new SendError(
    `${first === host ? host : `${host} is ${first}, which`} may not be connected to: ${refusal(first, allowed)}. ` +
      "`--allow-address` allows one.",
  );
}

// --- internal ---

async function lookUp(host: string, find: Lookup, signal: AbortSignal): Promise<string[]> {
  signal.throwIfAborted();
  const late = Promise.withResolvers<never>();
  const stop = (): void => late.reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([find(host), late.promise]);
  } catch (cause) {
    signal.throwIfAborted();
    throw new SendError(`${host} cannot be looked up.`, { cause });
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
