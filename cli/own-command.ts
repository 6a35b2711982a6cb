import { join } from "node:path";

/** How this very program is started again: the executable, or Bun and the entry of the checkout. */
export function ownCommand(): [string, ...string[]] {
  const isCompiled = Bun.main.startsWith("/$bunfs/");
  return isCompiled ? [process.execPath] : [process.execPath, join(import.meta.dir, "..", "cli.ts")];
}
