/** One GET with a size bound, a deadline, npm's proxies and certificates, and a token that stays at home. */
import { FangsError } from "../protocol/errors.ts";
import { type NpmConfig, authorizationFor } from "./config.ts";

const REDIRECT_LIMIT = 5;

export interface Answer {
  status: number;
  headers: Headers;
  body: Uint8Array;
}

export interface GetOptions {
  accept: string;
  /** Most bytes of the body, after decompression. */
  bytes: number;
  /** Deadline for all of it, redirects and body included. */
  ms: number;
  /** Headers beside those that every request has. */
  headers?: Record<string, string>;
  /** Ends it early. */
  signal?: AbortSignal;
  /** Awaited before each request, redirects included. */
  pace?: () => Promise<void>;
}

/**
 * Gets a URL. The Authorization header goes to the origin of that URL only, never along a redirect to another one.
 *
 * @throws FangsError registry_unreachable; registry_invalid for a body over the bound, a bad redirect or an address that
 *   is none of the web: fetch would read a file of this machine as well
 */
export async function getBounded(config: NpmConfig, url: string, options: GetOptions): Promise<Answer> {
  const home = webAddress(url);
  await options.pace?.();
  const timeout = AbortSignal.timeout(options.ms);
  const signal = options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal]);
  const authorization = authorizationFor(config, url);
  let next = home;
  try {
    for (let hop = 0; hop <= REDIRECT_LIMIT; hop++) {
      if (hop > 0) await options.pace?.();
      const response = await fetch(next, {
        redirect: "manual",
        signal,
        headers: {
          ...options.headers,
          accept: options.accept,
          ...(authorization !== undefined && next.origin === home.origin ? { authorization } : {}),
        },
        ...tlsOptions(config),
        ...proxyOptions(config, next),
      });
      const location = response.headers.get("location");
      if (response.status < 300 || response.status > 399 || location === null) {
        const { status, headers } = response;
        return { status, headers, body: await readBounded(response, options.bytes, next) };
      }
      await response.body?.cancel();
      next = redirected(next, location);
    }
  } catch (cause) {
    throw cause instanceof FangsError ? cause : unreachable(next, cause, options.ms);
  }
  throw new FangsError("registry_invalid", `${home.host} redirects more than ${REDIRECT_LIMIT} times.`);
}

// --- internal ---

async function readBounded(response: Response, limit: number, url: URL): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of response.body ?? []) {
    total += chunk.byteLength;
    if (total > limit) {
      throw new FangsError("registry_invalid", `${url.host} sent more than ${limit} bytes.`, {
        hint: "fangs does not read documents or tarballs of this size.",
      });
    }
    chunks.push(chunk);
  }
  const body = new Uint8Array(total);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.byteLength;
  }
  return body;
}

function webAddress(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol === "https:" || parsed?.protocol === "http:") return parsed;
  throw new FangsError("registry_invalid", "The registry gives an address that is not http or https.");
}

function redirected(from: URL, location: string): URL {
  const to = URL.canParse(location, from.href) ? new URL(location, from.href) : undefined;
  const safe = to?.protocol === "https:" || (to?.protocol === "http:" && from.protocol === "http:");
  if (to !== undefined && safe) return to;
  throw new FangsError("registry_invalid", `${from.host} redirects to an address that is not https.`);
}

function tlsOptions(config: NpmConfig): { tls?: { ca: string[] } } {
  return config.ca.length === 0 ? {} : { tls: { ca: config.ca } };
}

function proxyOptions(config: NpmConfig, url: URL): { proxy?: string } {
  const exempt = config.noProxy.some((host) => {
    const suffix = host.replace(/^\*?\./, "");
    return host === "*" || url.hostname === suffix || url.hostname.endsWith(`.${suffix}`);
  });
  const proxy = url.protocol === "https:" ? (config.httpsProxy ?? config.proxy) : config.proxy;
  return exempt || proxy === undefined ? {} : { proxy };
}

function unreachable(url: URL, cause: unknown, ms: number): FangsError {
  const late = cause instanceof Error && cause.name === "TimeoutError";
  const why = late ? `did not answer within ${ms / 1000} seconds` : "cannot be reached";
  return new FangsError("registry_unreachable", `The npm registry ${url.host} ${why}.`, {
    cause,
    hint: "Check the network and npm's `registry`, `cafile` and proxy settings (`npm config list`).",
  });
}
