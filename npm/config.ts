/** Where npm's own configuration says the registry is, and how to get in. */
import { readFileSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { FangsError } from "../protocol/errors.ts";
import { matchesName } from "./globs.ts";
import { parseNpmrc } from "./ini.ts";
import { scopeOf } from "./names.ts";

export interface NpmConfig {
  /** The registry for names without a configured scope; ends in `/`. */
  registry: string;
  /** By scope with its `@`; each ends in `/`. */
  scopes: ReadonlyMap<string, string>;
  /** Registries by glob of names, the first that fits counts; before scopes. npm itself knows none. */
  patterns?: readonly { glob: string; registry: string }[];
  /** Value of the Authorization header by `//host[:port]/path/`. */
  authorizations: ReadonlyMap<string, string>;
  /** PEM certificates to trust instead of the built-in ones; empty: those. */
  ca: string[];
  proxy: string | undefined;
  httpsProxy: string | undefined;
  noProxy: string[];
}

export interface NpmConfigOptions {
  environment?: Record<string, string | undefined>;
  home?: string;
  /** A project's directory whose .npmrc counts too. Off by default: a checkout may be a stranger's. */
  project?: string;
  /** Files to read instead of npm's own places, weakest first (for tests). */
  files?: string[];
}

/**
 * npm's configuration for reaching registries: npm_config_* environment, the project's file if asked for, the user's,
 * the global and npm's own; then the address baked in by the build; then what `npm config get registry` answers.
 *
 * @throws FangsError usage where a configured address is no URL or no registry is configured at all
 */
export function readNpmConfig(options: NpmConfigOptions = {}): NpmConfig {
  const environment = options.environment ?? process.env;
  const settings = new Map<string, string>();
  for (const file of options.files ?? configFiles(environment, options)) {
    for (const [key, value] of parseNpmrc(readIfThere(file), environment)) settings.set(key, value);
  }
  for (const [key, value] of fromEnvironment(environment)) settings.set(key, value);

  const scopes = new Map<string, string>();
  for (const [key, value] of settings) {
    if (key.startsWith("@") && key.endsWith(":registry")) {
      scopes.set(key.slice(0, -":registry".length), checkUrl(value, key));
    }
  }
  return {
    registry: checkUrl(settings.get("registry") ?? fallbackRegistry(environment), "registry"),
    scopes,
    authorizations: authorizations(settings),
    ca: certificates(settings, environment),
    proxy: setting(settings, "proxy") ?? setting(settings, "http-proxy"),
    httpsProxy: setting(settings, "https-proxy"),
    noProxy: (setting(settings, "noproxy") ?? "")
      .split(",")
      .map((host) => host.trim())
      .filter(Boolean),
  };
}

/** The registry that serves this package; ends in `/`. */
export function registryFor(config: NpmConfig, name: string): string {
  const named = config.patterns?.find(({ glob }) => matchesName(glob, name));
  return named?.registry ?? config.scopes.get(scopeOf(name) ?? "") ?? config.registry;
}

/** The Authorization header for a URL: npm's rule, the nearest configured parent path on the same host and port. */
export function authorizationFor(config: NpmConfig, url: string): string | undefined {
  const { host, pathname } = new URL(url);
  for (let path = pathname; ; path = path.slice(0, path.lastIndexOf("/", path.length - 2) + 1)) {
    const found = config.authorizations.get(`//${host}${path}`);
    if (found !== undefined || path === "/" || path === "") return found;
  }
}

// --- internal ---

/** npm's files, weakest first. */
function configFiles(environment: Record<string, string | undefined>, options: NpmConfigOptions): string[] {
  const home = options.home ?? homedir();
  const files: string[] = [];
  const npm = Bun.which("npm");
  if (npm !== null) files.push(join(dirname(dirname(realpathSync(npm))), "npmrc"));
  const prefix = environment["npm_config_prefix"] ?? environment["NPM_CONFIG_PREFIX"] ?? environment["PREFIX"];
  const program = npm ?? Bun.which("node");
  const globalPrefix = prefix ?? (program === null ? "/usr/local" : dirname(dirname(program)));
  files.push(
    environment["npm_config_globalconfig"] ??
      environment["NPM_CONFIG_GLOBALCONFIG"] ??
      join(globalPrefix, "etc", "npmrc"),
  );
  files.push(environment["npm_config_userconfig"] ?? environment["NPM_CONFIG_USERCONFIG"] ?? join(home, ".npmrc"));
  if (options.project !== undefined) files.push(join(options.project, ".npmrc"));
  return files;
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** `npm_config_fetch_retries` → `fetch-retries`; keys with `//` or `@` keep their underscores. */
function fromEnvironment(environment: Record<string, string | undefined>): Map<string, string> {
  const out = new Map<string, string>();
  for (const [name, value] of Object.entries(environment)) {
    if (!/^npm_config_/i.test(name) || value === undefined || value === "") continue;
    const key = name.slice("npm_config_".length);
    out.set(/^(\/\/|@)/.test(key) ? key : key.toLowerCase().replace(/(?!^)_/g, "-"), value);
  }
  return out;
}

function setting(settings: Map<string, string>, key: string): string | undefined {
  const value = settings.get(key);
  return value === undefined || value === "" || value === "null" || value === "false" ? undefined : value;
}

function authorizations(settings: Map<string, string>): Map<string, string> {
  const out = new Map<string, string>();
  for (const [key, value] of settings) {
    const match = /^(\/\/.+?):(_authToken|_auth|username)$/.exec(key);
    if (match === null) continue;
    const place = match[1]!.endsWith("/") ? match[1]! : `${match[1]!}/`;
    if (match[2] === "_authToken") out.set(place, `Bearer ${value}`);
    else if (out.get(place)?.startsWith("Bearer ")) continue;
    else if (match[2] === "_auth") out.set(place, `Basic ${value}`);
    else {
      const password = settings.get(`${match[1]!}:_password`);
      if (password === undefined) continue;
      const plain = Buffer.from(password, "base64").toString("utf8");
      out.set(place, `Basic ${Buffer.from(`${value}:${plain}`).toString("base64")}`);
    }
  }
  return out;
}

/** As in npm, `ca` and `cafile` replace the built-in list. Bun adds NODE_EXTRA_CA_CERTS by itself, but only to that list. */
function certificates(settings: Map<string, string>, environment: Record<string, string | undefined>): string[] {
  const inline = setting(settings, "ca")?.replaceAll("\\n", "\n");
  const file = setting(settings, "cafile");
  const configured = [inline, file === undefined ? undefined : readIfThere(file)].filter(
    (pem) => pem !== undefined && pem !== "",
  );
  if (configured.length === 0) return [];
  const extra = environment["NODE_EXTRA_CA_CERTS"];
  if (extra !== undefined && extra !== "" && extra !== file) configured.push(readIfThere(extra));
  return configured.filter((pem) => pem !== undefined);
}

let asked: string | undefined;

/** The build replaces FANGS_DEFAULT_REGISTRY by a constant; a plain checkout asks npm, once. */
function fallbackRegistry(environment: Record<string, string | undefined>): string {
  const baked = process.env.FANGS_DEFAULT_REGISTRY;
  if (baked !== undefined && baked !== "") return baked;
  if (asked === undefined) {
    const npm = Bun.which("npm");
    // From `/`, so that no checkout's .npmrc has a say.
    const answer =
      npm === null
        ? undefined
        : Bun.spawnSync([npm, "config", "get", "registry"], { cwd: "/", timeout: 20_000, env: { ...environment } });
    asked = answer?.stdout.toString().trim() ?? "";
  }
  if (asked !== "" && asked !== "undefined") return asked;
  throw new FangsError("usage", "No npm registry is configured.", {
    hint: "Set it with `npm config set registry <url>` or in the environment as npm_config_registry.",
  });
}

function checkUrl(text: string, key: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new FangsError("usage", `npm's setting ${key} is not an http(s) address.`, {
      hint: "Look at it with `npm config get registry` and correct the .npmrc it comes from.",
    });
  }
  return url.href.endsWith("/") ? url.href : `${url.href}/`;
}
