import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, run, say } from "./run.ts";

/**
 * Installs node_modules as bun.lock has them, unless they are there; no install script runs (bunfig.toml).
 * Returns whether it did.
 */
export function installDependencies(): boolean {
  const stamp = join(ROOT, "node_modules", ".fangs-lock");
  const lock = readFileSync(join(ROOT, "bun.lock"), "utf8");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return false;
  say("installing packages");
  run([process.execPath, "install", "--frozen-lockfile"]);
  writeFileSync(stamp, lock);
  return true;
}
