/** A small client for npm registries: bounded, with deadlines, and careful with its tokens. */
import { FangsError } from "../protocol/errors.ts";
import { type NpmConfig, registryFor } from "./config.ts";
import { checkIntegrity } from "./integrity.ts";
import { checkPackageName } from "./names.ts";
import { type Dist, type Packument, checkPackument } from "./packument.ts";
import { type Answer, type GetOptions, getBounded } from "./transport.ts";

const MEBIBYTE = 1024 * 1024;

export interface RegistryLimits {
  packumentBytes: number;
  packumentMs: number;
  tarballBytes: number;
  tarballMs: number;
}

const LIMITS: RegistryLimits = {
  packumentBytes: 64 * MEBIBYTE,
  packumentMs: 30_000,
  tarballBytes: 256 * MEBIBYTE,
  tarballMs: 120_000,
};

export interface RegistryClient {
  /**
   * Everything the registry knows of a package; the abbreviated document unless `full` (which has times and maintainers).
   *
   * @throws FangsError invalid_name, package_not_found, registry_unreachable, registry_invalid
   */
  packument(name: string, options?: { full?: boolean }): Promise<Packument>;
  /**
   * The bytes of a release, compared with its digest.
   *
   * @throws FangsError package_not_found, registry_unreachable, registry_invalid, integrity_mismatch
   */
  tarball(dist: Dist): Promise<Uint8Array>;
}

/** A client that reaches registries as npm's configuration says. */
export function createRegistryClient(
  config: NpmConfig,
  limits: Partial<RegistryLimits> = {},
  transport: Pick<GetOptions, "pace" | "signal"> = {},
): RegistryClient {
  const bound = { ...LIMITS, ...limits };
  return {
    async packument(name, options = {}) {
      checkPackageName(name);
      const url = registryFor(config, name) + name.replace("/", "%2f");
      const accept = options.full
        ? "application/json"
        : "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8";
      const answer = await getBounded(config, url, {
        ...transport,
        accept,
        bytes: bound.packumentBytes,
        ms: bound.packumentMs,
      });
      if (answer.status === 404) {
        throw new FangsError("package_not_found", `The registry has no package ${name}.`, {
          hint: "Check the spelling; a private package needs its registry and token in .npmrc.",
        });
      }
      checkStatus(answer, url);
      return checkPackument(parse(answer.body, url), name);
    },

    async tarball(dist) {
      const answer = await getBounded(config, dist.tarball, {
        ...transport,
        accept: "*/*",
        bytes: bound.tarballBytes,
        ms: bound.tarballMs,
      });
      if (answer.status === 404) {
        throw new FangsError("package_not_found", `The registry no longer has ${dist.tarball}.`, {
          hint: "The release was probably unpublished.",
        });
      }
      checkStatus(answer, dist.tarball);
      checkIntegrity(answer.body, dist);
      return answer.body;
    },
  };
}

// --- internal ---

function checkStatus(answer: Answer, url: string): void {
  if (answer.status === 200) return;
  const denied = answer.status === 401 || answer.status === 403;
  throw new FangsError("registry_unreachable", `${new URL(url).host} answered with status ${answer.status}.`, {
    hint: denied
      ? "The registry wants another token: check `_authToken` for this host in .npmrc."
      : "Try again later, or check npm's `registry` setting.",
  });
}

function parse(body: Uint8Array, url: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch (cause) {
    throw new FangsError("registry_invalid", `${new URL(url).host} did not answer with JSON.`, {
      cause,
      hint: "Check that npm's `registry` setting names an npm registry, not a web page or a proxy's login.",
    });
  }
}
