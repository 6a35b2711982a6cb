/** The one directory that holds all that the server keeps. */
import { mkdirSync } from "node:fs";
import { FangsError } from "../protocol/errors.ts";

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
