/** How the process treats memory that it is done with. */
import { ownCommand } from "./own-command.ts";

const VARIABLE = "MIMALLOC_PURGE_DELAY";

/**
 * Makes the process keep memory that it freed, for what comes next: a server takes in run after run, each as large as the
 * last. Given back, its pages are asked for again a moment later, which was a quarter of the work (docs/decisions/0093).
 *
 * Bun's allocator asks its variable before any code of ours runs. So the program begins anew, once, as the same process;
 * to be called before anything is opened. Whoever set the variable is obeyed.
 */
export function keepFreedMemory(env: Readonly<Record<string, string | undefined>>): void {
  if (env[VARIABLE] !== undefined) return;
  const [program, ...entry] = ownCommand();
  const given = Object.entries(env).filter((pair): pair is [string, string] => pair[1] !== undefined);
  process.execve?.(program, [program, ...process.execArgv, ...entry, ...process.argv.slice(2)], {
    ...Object.fromEntries(given),
    [VARIABLE]: "-1",
  });
}
