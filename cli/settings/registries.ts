/** The registries out of the configuration file, and npm's own configuration with them in it. */
import { type NpmConfig, readNpmConfig } from "../../npm/config.ts";
import { type NamedRegistry, withRegistries } from "../../npm/named-registries.ts";
import { isMapping, type Step, type YamlDocument } from "../../protocol/yaml.ts";
import type { ConfigFile } from "./file.ts";
import type { Environment } from "./table.ts";

const KEYS = ["name", "url", "token-env", "scopes", "packages"];
const MOST = 100;

/**
 * Where registries are for a process: npm's configuration, and what the file has.
 *
 * @throws FangsError config_invalid; usage where a token's variable is not set
 */
export function npmConfigIn(file: ConfigFile | undefined, env: Environment): NpmConfig {
  const registries = registriesIn(file);
  return registries.length === 0 ? readNpmConfig() : withRegistries(readNpmConfig(), registries, env);
}

/** @throws FangsError config_invalid */
export function registriesIn(file: ConfigFile | undefined): NamedRegistry[] {
  const document = file?.document;
  if (document === undefined || !isMapping(document.value)) return [];
  const section = document.value["registries"] ?? [];
  if (!Array.isArray(section)) return document.refuse(["registries"], "registries must be a list");
  if (section.length > MOST) document.refuse(["registries"], `registries has more than ${MOST} entries`);
  const registries = section.map((item: unknown, index) => registryOf(document, ["registries", index], item));
  registries.forEach(({ name }, index) => {
    const first = registries.findIndex((one) => one.name === name);
    if (first !== index) document.refuse(["registries", index], `entry ${first + 1} has the same name`);
  });
  return registries;
}

// --- internal ---

function registryOf(document: YamlDocument, path: readonly Step[], item: unknown): NamedRegistry {
  if (!isMapping(item)) return document.refuse(path, "a registry must be a mapping with name and url");
  const strange = Object.keys(item).find((key) => !KEYS.includes(key));
  if (strange !== undefined) document.refuse([...path, strange], `a registry has ${KEYS.join(", ")}`);
  const text = (key: string, pattern: RegExp, what: string): string => {
    const value = item[key];
    if (value === undefined) return document.refuse(path, `the registry has no ${key}`);
    return typeof value === "string" && pattern.test(value) ? value : document.refuse([...path, key], what);
  };
  const list = (key: string, pattern: RegExp, what: string): string[] => {
    const value = item[key] ?? [];
    if (!Array.isArray(value)) return document.refuse([...path, key], `${key} must be a list`);
    return value.map((one: unknown, index) =>
      typeof one === "string" && pattern.test(one) ? one : document.refuse([...path, key, index], what),
    );
  };
  const url = text(
    "url",
    /^https?:\/\/[^\s@?#]+$/,
    "url must be an http(s) address without a name, a query or a token",
  );
  if (!URL.canParse(url)) document.refuse([...path, "url"], "url is not an address");
  const registry = {
    name: text("name", /^[a-z0-9][a-z0-9-]{0,62}$/, "name must be of small letters, digits and dashes"),
    url,
    scopes: list("scopes", /^@[a-z0-9~._-]+$/i, "a scope begins with @ and has no slash"),
    packages: list("packages", /^[a-z0-9@/~._*-]{1,214}$/i, "packages are names, where * stands for any part"),
  };
  if (registry.scopes.length + registry.packages.length === 0)
    document.refuse(path, "the registry serves nothing: give it scopes or packages");
  if (item["token-env"] === undefined) return registry;
  return { ...registry, tokenEnv: text("token-env", /^[A-Za-z_][A-Za-z0-9_]{0,127}$/, "token-env names a variable") };
}
