/** The settings of a command as its flags. */
import { type Setting, type SettingName, SETTINGS, variableOf } from "./table.ts";

type Flag = { type: "string"; valueHint: string; description: string } | { type: "boolean"; description: string };

/** A flag for each; none has a default, so that one that was not given can be told from one that was. */
export function settingArgs<const Name extends SettingName>(names: readonly Name[]): Record<Name, Flag> {
  const flags = {} as Record<Name, Flag>;
  for (const name of names) flags[name] = flagOf(name);
  return flags;
}

// --- internal ---

function flagOf(name: SettingName): Flag {
  const { kind, doc, otherwise }: Setting = SETTINGS[name];
  const or = otherwise.replaceAll("`", "");
  const description = `${doc} Else ${variableOf(name)}, the file, or ${or}.`;
  return kind.hint === "" ? { type: "boolean", description } : { type: "string", valueHint: kind.hint, description };
}
