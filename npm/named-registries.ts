/** Registries that the operator named, beside those of npm's own configuration. */
import { FangsError } from "../protocol/errors.ts";
import type { NpmConfig } from "./config.ts";

export interface NamedRegistry {
  name: string;
  url: string;
  /** The variable that has its token. */
  tokenEnv?: string;
  /** Scopes with their `@`, and globs of names, that it serves. */
  scopes: readonly string[];
  packages: readonly string[];
}

/**
 * The configuration with these registries in it: they come before npm's own, and globs before scopes. A token goes to
 * its registry and below it, and nowhere else.
 *
 * @throws FangsError usage where the variable of a token is not set
 */
export function withRegistries(
  config: NpmConfig,
  registries: readonly NamedRegistry[],
  environment: Readonly<Record<string, string | undefined>>,
): NpmConfig {
  const scopes = new Map(config.scopes);
  const authorizations = new Map(config.authorizations);
  const patterns = [...(config.patterns ?? [])];
  for (const { name, url, tokenEnv, scopes: own, packages } of registries) {
    const { href, host, pathname } = new URL(url.endsWith("/") ? url : `${url}/`);
    for (const scope of own) scopes.set(scope, href);
    for (const glob of packages) patterns.push({ glob, registry: href });
    if (tokenEnv === undefined) continue;
    const token = environment[tokenEnv];
    if (token === undefined || token === "") {
      throw new FangsError("usage", `The token of the registry ${name} is missing: ${tokenEnv} is not set.`, {
        hint: "Set the variable, or remove token-env where the registry wants no token.",
      });
    }
    authorizations.set(`//${host}${pathname}`, `Bearer ${token}`);
  }
  return { ...config, scopes, authorizations, patterns };
}
