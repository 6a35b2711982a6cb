/** fangs.yaml: which one is read, and whether its keys are known. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FangsError } from "../../protocol/errors.ts";
import { isMapping, readYaml, type YamlDocument } from "../../protocol/yaml.ts";
import { nearest } from "../nearest.ts";
import { SECTIONS, type Setting, type SettingName, SETTINGS } from "./table.ts";

export interface ConfigFile {
  path: string;
  document: YamlDocument;
  /** The words of a setting, and their place; undefined: the file does not have it. */
  setting(name: SettingName): { words: string; place: string } | undefined;
}

const NAME = "fangs.yaml";
const OF_THE_HOST = `/etc/fangs/${NAME}`;
const HINT = "docs/configuration.md has every key.";

/**
 * The file that was named, else the first of the usual ones that is there; undefined: there is none.
 *
 * @throws FangsError not_found for a named one that is missing; config_invalid
 */
export function findConfigFile(named: string | undefined, dataDir: string): ConfigFile | undefined {
  if (named !== undefined) return readConfigFile(named);
  for (const path of [join(dataDir, NAME), OF_THE_HOST]) {
    const text = readIfThere(path);
    if (text !== undefined) return parseConfigFile(text, path);
  }
  return undefined;
}

/** @throws FangsError not_found, config_invalid */
export function readConfigFile(path: string): ConfigFile {
  const text = readIfThere(path);
  if (text !== undefined) return parseConfigFile(text, path);
  throw new FangsError("not_found", `There is no ${path}.`, { hint: "docs/configuration.md says how to write one." });
}

/**
 * The file in a text. Its sections are read by those they belong to.
 *
 * @throws FangsError config_invalid for unknown keys and values of the wrong type
 */
export function parseConfigFile(text: string, path: string): ConfigFile {
  const document = readYaml(text, path, HINT);
  const { value, refuse, place } = document;
  // A file of comments is an empty one.
  const mapping = value ?? {};
  if (!isMapping(mapping)) return refuse([], "the file must be a mapping of settings");
  const words = new Map<string, string>();
  for (const [key, given] of Object.entries(mapping)) {
    if (Object.hasOwn(SECTIONS, key)) continue;
    if (!isSetting(key)) return refuse([key], unknownKey(key));
    const { kind, notInFile }: Setting = SETTINGS[key];
    if (notInFile !== undefined) return refuse([key], `${key} is not taken from the file: ${notInFile}`);
    words.set(key, kind.write(given) ?? refuse([key], `${key} must be ${kind.type}`));
  }
  return {
    path,
    document,
    setting(name) {
      const found = words.get(name);
      return found === undefined ? undefined : { words: found, place: place([name]) };
    },
  };
}

// --- internal ---

function isSetting(key: string): key is SettingName {
  return Object.hasOwn(SETTINGS, key);
}

function unknownKey(key: string): string {
  const meant = nearest(key, [...Object.keys(SETTINGS), ...Object.keys(SECTIONS)]);
  const shown = JSON.stringify(key.slice(0, 60));
  return `${shown} is not known here${meant === undefined ? "" : `; the nearest key is ${meant}`}`;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new FangsError("config_invalid", `${path} cannot be read: ${why}.`, { cause });
  }
}
