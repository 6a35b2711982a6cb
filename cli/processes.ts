/** What `up`, `serve` and `runner` share: their flags' values, and waiting for the signal to stop. */
import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { createConsola } from "consola";
import { FangsError, toFangsError } from "../protocol/errors.ts";
import { parseCount } from "./values.ts";
import { safe } from "./safe.ts";
import type { Terminal } from "./terminal.ts";

/** @throws FangsError usage */
export function parseListen(text: string): { hostname: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2];
  if (host !== undefined && port <= 65_535) return { hostname: host, port };
  throw new FangsError("usage", `"${text}" is not an address to listen on.`, {
    hint: "Write for example 127.0.0.1:8443 or [::1]:8443.",
  });
}

/** @throws FangsError usage */
export function parseConcurrency(text: string): number {
  const number = parseCount(text);
  if (number >= 1 && number <= 64) return number;
  throw new FangsError("usage", `"${text}" is not a number of runs from 1 to 64.`);
}

/** A runner's name where none is given: the host's, as far as a name may have its letters. */
export function defaultRunnerName(): string {
  return (
    hostname()
      .replace(/[^a-zA-Z0-9._-]/g, "-")
      .slice(0, 64) || "runner"
  );
}

/** Of what serves: which rules hold. */
export const rulesArg = {
  type: "string",
  valueHint: "path",
  description: "The operator's rules; else rules.yaml in the data directory. SIGHUP reads them again.",
} as const;

/**
 * The rules file that was named; undefined where none was.
 *
 * @throws FangsError not_found
 */
export function namedRules(file: string | undefined): { rulesFile?: string } {
  if (!file) return {};
  if (existsSync(file)) return { rulesFile: file };
  throw new FangsError("not_found", `There is no ${file}.`, { hint: "docs/rules.md says how to write one." });
}

/** Reads the rules again at every SIGHUP. A bad file is told and changes nothing. */
export function reloadOnHangup(server: { reloadRules(): number }, tell: (line: string) => void): Disposable {
  const reload = (): void => {
    try {
      tell(`rules read again: ${server.reloadRules()} in force`);
    } catch (thrown) {
      tell(`the rules stay as they were: ${toFangsError(thrown).message}`);
    }
  };
  process.on("SIGHUP", reload);
  return { [Symbol.dispose]: () => void process.off("SIGHUP", reload) };
}

/** Waits for SIGINT or SIGTERM. */
export function untilInterrupted({ interrupted }: Pick<Terminal, "interrupted">): Promise<void> {
  return new Promise((resolve) => {
    if (interrupted.aborted) resolve();
    interrupted.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** Log lines on stderr, for processes that run for long. What strangers wrote in them is escaped. */
export function teller(terminal: Pick<Terminal, "err">): (line: string) => void {
  const log = createConsola({
    reporters: [
      { log: ({ date, args }) => terminal.err(`${date.toISOString().slice(0, 19)}Z ${safe(args.join(" "))}\n`) },
    ],
  });
  return (line) => log.info(line);
}
