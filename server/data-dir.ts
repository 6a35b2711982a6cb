/** The one directory that holds all that the server keeps. */
import { mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { FangsError } from "../protocol/errors.ts";

/** FANGS_DATA_DIR, else /var/lib/fangs as root, else `fangs` in the XDG data directory. */
export function defaultDataDir(
  environment: Record<string, string | undefined> = process.env,
  isRoot: boolean = process.getuid?.() === 0,
): string {
  if (environment["FANGS_DATA_DIR"]) return environment["FANGS_DATA_DIR"];
  if (isRoot) return "/var/lib/fangs";
  return join(environment["XDG_DATA_HOME"] || join(environment["HOME"] || homedir(), ".local", "share"), "fangs");
}

/**
 * Makes the directory, readable by its owner only. One that is there keeps its mode: it may be shared on purpose.
 *
 * @throws FangsError usage where that cannot be done
 */
export function prepareDataDir(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new FangsError(
      "usage",
      `The data directory ${path} cannot be made: ${cause instanceof Error ? cause.message : cause}.`,
      {
        cause,
        hint: "Name another one with --data-dir or FANGS_DATA_DIR.",
      },
    );
  }
}
