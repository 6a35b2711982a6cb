/** The store that the settings name, for commands that open it without a server. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { FangsError } from "../protocol/errors.ts";
import type { Database } from "../server/store/database.ts";
import { settingArgs } from "./settings/args.ts";
import { type Flags, resolveSettings } from "./settings/resolve.ts";
import type { Terminal } from "./terminal.ts";

export const storeArgs = settingArgs(["store", "data-dir", "config"]);

/**
 * Opens the store of the settings, does the work, and closes it.
 *
 * @throws FangsError not_found for an SQLite file that is not there
 */
export async function withStore<T>(
  flags: Flags,
  { env }: Pick<Terminal, "env">,
  work: (db: Database, url: string) => Promise<T>,
): Promise<T> {
  const { values } = resolveSettings(["store", "data-dir", "config"], flags, env);
  return withStoreAt(values.store ?? `sqlite:${join(values["data-dir"], "fangs.db")}`, work);
}

/** The same for a store that is named. */
export async function withStoreAt<T>(url: string, work: (db: Database, url: string) => Promise<T>): Promise<T> {
  const path = url.startsWith("sqlite:") ? url.slice("sqlite:".length) : undefined;
  if (path !== undefined && !existsSync(path)) {
    throw new FangsError("not_found", `There is no database ${path}.`, {
      hint: "Name one with --store, or the directory that it is in with --data-dir.",
    });
  }
  const { openStore } = await import("../server/store/open.ts");
  const { storeFailure } = await import("../server/store/failure.ts");
  const db = openStore(url);
  try {
    return await work(db, url);
  } catch (error) {
    throw storeFailure(error) ?? error;
  } finally {
    await db.close();
  }
}
