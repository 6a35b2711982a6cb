/** What a setting is: the flag, else the variable, else the file, else its fallback. */
import { FangsError, toFangsError } from "../../protocol/errors.ts";
import { type ConfigFile, findConfigFile } from "./file.ts";
import { type Environment, type Setting, type SettingName, type SettingValue, SETTINGS, variableOf } from "./table.ts";

/** Where a value came from: `flag`, the name of a variable, a place in the file, `default`. */
export type Origin = string;

export interface Resolved<Name extends SettingName> {
  values: { [Key in Name]: SettingValue<Key> };
  /** The words of each value and where they came from; without words: the fallback. */
  origins: Record<Name, { origin: Origin; words: string | undefined }>;
  file: ConfigFile | undefined;
}

/** The flags as a command got them. */
export type Flags = Readonly<Record<string, unknown>>;

/**
 * The settings of a command.
 *
 * @throws FangsError usage for a wrong flag or variable; config_invalid for the file; not_found for a file that was named
 */
export function resolveSettings<const Name extends SettingName>(
  names: readonly Name[],
  flags: Flags,
  env: Environment,
): Resolved<Name> {
  const dataDir = read("data-dir", flags, env, undefined).value;
  const file = findConfigFile(read("config", flags, env, undefined).value, dataDir);
  const values = {} as Resolved<Name>["values"];
  const origins = {} as Resolved<Name>["origins"];
  for (const name of names) {
    const { value, ...origin } = read(name, flags, env, file);
    values[name] = value;
    origins[name] = origin;
  }
  return { values, origins, file };
}

// --- internal ---

function read<Name extends SettingName>(
  name: Name,
  flags: Flags,
  env: Environment,
  file: ConfigFile | undefined,
): { value: SettingValue<Name>; origin: Origin; words: string | undefined } {
  const setting: Setting = SETTINGS[name];
  const given = wordsOf(name, flags, env, file);
  const value = given === undefined ? setting.fallback(env) : parse(setting, given);
  // The table's types say what its kinds read; the compiler cannot follow a name through it.
  return { value: value as SettingValue<Name>, origin: given?.origin ?? "default", words: given?.words };
}

interface Given {
  words: string;
  origin: Origin;
  /** How a complaint begins. */
  where: string;
  isFile: boolean;
}

function wordsOf(name: SettingName, flags: Flags, env: Environment, file: ConfigFile | undefined): Given | undefined {
  const flag = flags[name];
  if (typeof flag === "boolean") return { words: String(flag), origin: "flag", where: `--${name}`, isFile: false };
  if (typeof flag === "string" && flag !== "")
    return { words: flag, origin: "flag", where: `--${name}`, isFile: false };
  const variable = variableOf(name);
  const words = env[variable];
  if (words) return { words, origin: variable, where: variable, isFile: false };
  const kept = file?.setting(name);
  return kept && { words: kept.words, origin: kept.place, where: `${kept.place}: ${name}`, isFile: true };
}

function parse({ kind }: Setting, { words, where, isFile }: Given): unknown {
  try {
    return kind.parse(words);
  } catch (thrown) {
    const { message, hint } = toFangsError(thrown);
    const options = hint === undefined ? {} : { hint };
    throw new FangsError(isFile ? "config_invalid" : "usage", `${where}: ${message}`, options);
  }
}
