/** Asking a registry again whether it has anything new of a package. */
import { FangsError, toFangsError } from "../protocol/errors.ts";
import { type NpmConfig, registryFor } from "./config.ts";
import { checkPackageName } from "./names.ts";
import { type Packument, checkPackument } from "./packument.ts";
import { createRegistryClient, type RegistryClient, type RegistryLimits } from "./registry.ts";
import { parseRetryAfter } from "./retry-after.ts";
import { getBounded } from "./transport.ts";

const PACKUMENT_BYTES = 64 * 1024 * 1024;
const PACKUMENT_MS = 30_000;
const ETAG_LIMIT = 512;

/** What is known of the last document that was read. */
export interface KnownDocument {
  etag: string | null;
  digest: string | null;
}

export type PollAnswer =
  | { kind: "document"; packument: Packument; known: KnownDocument }
  | { kind: "unchanged" }
  /** The registry knows no such package, or knows it no more. */
  | { kind: "missing" }
  /** It asks for fewer requests, or for none for a while; null: it does not say for how long. */
  | { kind: "throttled"; retryAfterMs: number | null }
  | { kind: "failed"; error: FangsError };

/** The registries as the watcher sees them. */
export interface PollSource extends Pick<RegistryClient, "tarball" | "packument"> {
  /** Where the registry of a package is, e.g. `https://registry.example`. */
  origin(name: string): string;
  /** Asks for the abbreviated document; what comes of it is a value, whatever the registry does. */
  poll(name: string, known: KnownDocument): Promise<PollAnswer>;
}

export interface PollOptions {
  /** Awaited before each request, so that there are never too many. */
  pace: () => Promise<void>;
  signal: AbortSignal;
  limits?: Partial<RegistryLimits>;
}

/** Polls registries where npm's configuration has them, every request at its turn. */
export function createPollSource(config: NpmConfig, options: PollOptions): PollSource {
  const { pace, signal, limits = {} } = options;
  const { packument, tarball } = createRegistryClient(config, limits, { pace, signal });
  return {
    packument,
    tarball,
    origin: (name) => new URL(registryFor(config, name)).origin,
    async poll(name, known) {
      try {
        checkPackageName(name);
        const url = registryFor(config, name) + name.replace("/", "%2f");
        const answer = await getBounded(config, url, {
          accept: "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8",
          bytes: limits.packumentBytes ?? PACKUMENT_BYTES,
          ms: limits.packumentMs ?? PACKUMENT_MS,
          headers: known.etag === null ? {} : { "if-none-match": known.etag },
          pace,
          signal,
        });
        return read(name, known, answer);
      } catch (thrown) {
        return { kind: "failed", error: toFangsError(thrown) };
      }
    },
  };
}

// --- internal ---

function read(
  name: string,
  known: KnownDocument,
  { status, headers, body }: { status: number; headers: Headers; body: Uint8Array },
): PollAnswer {
  if (status === 304) return { kind: "unchanged" };
  if (status === 404 || status === 410) return { kind: "missing" };
  if (status === 429 || status === 503)
    return { kind: "throttled", retryAfterMs: parseRetryAfter(headers.get("retry-after"), Date.now()) };
  if (status !== 200) {
    const hint = status === 401 || status === 403 ? "Check the registry's token." : "It is asked again later.";
    throw new FangsError("registry_unreachable", `The registry answered with status ${status}.`, { hint });
  }
  // Registries without ETags send the same bytes again and again.
  const digest = new Bun.CryptoHasher("sha256").update(body).digest("base64url");
  if (digest === known.digest) return { kind: "unchanged" };
  const etag = headers.get("etag");
  const packument = checkPackument(parse(body), name);
  return { kind: "document", packument, known: { etag: etag !== null && fits(etag) ? etag : null, digest } };
}

/** It is sent back as it came: no more than a header may hold. */
function fits(etag: string): boolean {
  return etag.length <= ETAG_LIMIT && /^[\x20-\x7e]+$/.test(etag);
}

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch (cause) {
    throw new FangsError("registry_invalid", "The registry did not answer with JSON.", {
      cause,
      hint: "The answer was cut short, or it is a web page.",
    });
  }
}
