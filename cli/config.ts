import type { CommandDef } from "citty";
import { FangsError } from "../protocol/errors.ts";
import { group, jsonArgs, leaf } from "./command.ts";
import { count, printJson, printLines, table } from "./output.ts";
import { safe } from "./safe.ts";
import { settingArgs } from "./settings/args.ts";
import { strangeVariables } from "./settings/environment.ts";
import { registriesIn } from "./settings/registries.ts";
import { resolveSettings } from "./settings/resolve.ts";
import { rulesIn } from "./settings/rules.ts";
import { type Setting, type SettingName, SETTINGS } from "./settings/table.ts";

const NAMES = Object.keys(SETTINGS) as SettingName[];

const check = leaf({
  description: "Check a configuration file without using it.",
  args: {
    file: { type: "positional", required: false, description: "The file; else the one that a server would read." },
    ...settingArgs(["config", "data-dir"]),
    ...jsonArgs,
  },
  async run({ args, terminal }) {
    const flags = args.file === undefined ? args : { ...args, config: args.file };
    const { file } = resolveSettings(NAMES, flags, terminal.env);
    if (file === undefined) {
      throw new FangsError("not_found", "There is no configuration file.", {
        hint: "None is needed; docs/configuration.md says where one is looked for.",
      });
    }
    const { normalize, allow } = await rulesIn(file);
    const registries = registriesIn(file);
    const settings = NAMES.filter((name) => file.setting(name) !== undefined);
    if (args.json)
      return printJson(terminal, "fangs.config-check/1", { file: file.path, settings, normalize, allow, registries });
    const entries = count(allow.length, "allow entry").replace("entrys", "entries");
    printLines(terminal, [
      `${safe(file.path)}: ${count(settings.length, "setting")}, ${count(normalize.length, "rule")}, ${entries}`,
      ...normalize.map(({ id, match, as }) => safe(`  ${id}: ${match} → ${as}`)),
      ...registries.map(({ name, url, scopes, packages }) =>
        safe(`  registry ${name}: ${url} for ${[...scopes, ...packages].join(", ")}`),
      ),
      ...allow.map(({ kind, value, package: name }) => safe(`  ${kind} ${value}${name === null ? "" : ` of ${name}`}`)),
    ]);
  },
});

const show = leaf({
  description: "Print every setting, as it is here and now, and where it comes from.",
  args: { ...settingArgs(NAMES), ...jsonArgs },
  run({ args, terminal }) {
    const { origins, file } = resolveSettings(NAMES, args, terminal.env);
    const settings = NAMES.map((name) => {
      const { mask = (words: string) => words, fallback }: Setting = SETTINGS[name];
      const { origin, words } = origins[name];
      const other = fallback(terminal.env);
      const value = words === undefined ? spoken(other) : mask(words);
      return { name, value, origin };
    });
    const warnings = strangeVariables(terminal.env);
    if (args.json) return printJson(terminal, "fangs.config/1", { file: file?.path ?? null, settings, warnings });
    const rows = settings.map(({ name, value, origin }) => [name, value ?? "-", origin]);
    printLines(terminal, table([{ title: "SETTING" }, { title: "VALUE" }, { title: "FROM" }], rows));
    for (const warning of warnings) terminal.err(`${safe(warning)}.\n`);
  },
});

export const command: CommandDef = group({ check, show });

// --- internal ---

/** A fallback as one would write it. */
function spoken(value: unknown): string | null {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return null;
  if (typeof value === "object" && value !== null && "hostname" in value && "port" in value)
    return `${value.hostname}:${value.port}`;
  return String(value);
}
