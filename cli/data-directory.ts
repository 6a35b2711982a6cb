import { homedir } from "node:os";
import { join } from "node:path";

/** Where fangs keeps everything: the flag, FANGS_DATA_DIR, /var/lib/fangs as root, else the XDG data directory. */
export function dataDirectory(
  flag: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
  isRoot: boolean = process.getuid?.() === 0,
): string {
  const named = flag ?? env["FANGS_DATA_DIR"];
  if (named) return named;
  if (isRoot) return "/var/lib/fangs";
  return join(env["XDG_DATA_HOME"] || join(env["HOME"] || homedir(), ".local", "share"), "fangs");
}
