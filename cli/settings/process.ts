/** A process that runs for long: it takes its settings, logs as they say, and reads them again on SIGHUP. */
import { batched } from "../../log/batch.ts";
import { configureLog, log } from "../../log/log.ts";
import { toFangsError } from "../../protocol/errors.ts";
import type { Terminal } from "../terminal.ts";
import { strangeVariables } from "./environment.ts";
import { type Flags, type Resolved, resolveSettings } from "./resolve.ts";
import { type Setting, type SettingName, SETTINGS, USED_BY } from "./table.ts";

type Logging = Resolved<"log-level" | "log-format">["values"];

/**
 * The settings of a process, and its log set up as they say.
 *
 * @throws FangsError as `resolveSettings`
 */
export function processSettings<Of extends keyof typeof USED_BY>(
  of: Of,
  flags: Flags,
  { env, err }: Pick<Terminal, "env" | "err">,
): Resolved<(typeof USED_BY)[Of][number]> {
  const resolved = resolveSettings<(typeof USED_BY)[Of][number]>(USED_BY[of], flags, env);
  const logging: Logging = resolveSettings(["log-level", "log-format"], flags, env).values;
  const isPlain = logging["log-format"] === "auto" ? process.stderr.isTTY : logging["log-format"] === "text";
  configureLog({ level: logging["log-level"], format: isPlain ? "text" : "json", write: batched(err) });
  for (const warning of strangeVariables(env)) log.warn(warning);
  return resolved;
}

/**
 * Reads the settings again at every SIGHUP: what can be changed in a running process is, what cannot is named. Where the file, or
 * `apply`, is wrong, nothing changes.
 */
export function reloadOnHangup<Of extends keyof typeof USED_BY>(
  of: Of,
  flags: Flags,
  { env }: Pick<Terminal, "env">,
  start: Resolved<SettingName>["origins"] | Partial<Resolved<SettingName>["origins"]>,
  apply: (settings: Resolved<SettingName>) => Promise<void>,
): Disposable {
  const reload = async (): Promise<void> => {
    try {
      const names: readonly SettingName[] = USED_BY[of];
      const now = resolveSettings<SettingName>(names, flags, env);
      await apply(now);
      configureLog({ level: now.values["log-level"] });
      log.info("configuration read again", { file: now.file?.path ?? null });
      const kept = names.filter((name) => !isReloadable(name) && now.origins[name].words !== start[name]?.words);
      if (kept.length > 0) log.warn(`only a restart changes ${kept.join(", ")}`);
    } catch (thrown) {
      log.error(`the configuration stays as it was: ${toFangsError(thrown).message}`);
    }
  };
  const listener = (): void => void reload();
  process.on("SIGHUP", listener);
  return { [Symbol.dispose]: () => void process.off("SIGHUP", listener) };
}

// --- internal ---

function isReloadable(name: SettingName): boolean {
  const { reload = false }: Setting = SETTINGS[name];
  return reload;
}
