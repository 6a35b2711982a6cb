/** What each kind of hunt looks through, and what its pattern is compared with. */
import type { Category } from "../protocol/facts.ts";
import type { HuntKind } from "../protocol/hunt.ts";
import { type Glob, parseGlob } from "./glob.ts";
import { listCategories } from "./store/hunt.ts";
import type { Database } from "./store/open.ts";

/** One category to look through for one pattern. */
export interface Look {
  category: string;
  glob: Glob;
}

/** Each category at most once, always in the same order. */
export async function looksFor(db: Database, kind: HuntKind, pattern: string): Promise<Look[]> {
  const looks = (categories: readonly string[], text: string): Look[] =>
    categories.map((category) => ({ category, glob: parseGlob(text) }));
  // Names are stored in lower case and without a trailing dot.
  const name = pattern.toLowerCase().replace(/\.$/, "");
  switch (kind) {
    case "dns":
      return looks(["net_new_dns"], name);
    case "host":
      return [...looks(HOSTS, name), ...looks(["net_new_destination"], `${name}:*`)];
    case "ip":
      return looks(["net_new_destination"], destination(pattern.toLowerCase()));
    case "path":
      return looks(PATHS, pattern);
    case "exec":
      return looks(PROGRAMS, /^[*/]/.test(pattern) ? pattern : `*/${pattern}`);
    case "value":
      return looks(await listCategories(db), pattern);
  }
}

// --- internal ---

const HOSTS: readonly Category[] = ["net_new_https_host", "net_new_http_host"];
const PATHS: readonly Category[] = [
  "fs_new_path_read",
  "fs_new_path_write",
  "fs_new_path_delete",
  "fs_new_foreign_write",
  "persist_new_path",
  "cred_new_access",
  "ipc_new_socket",
];
const PROGRAMS: readonly Category[] = ["proc_new_exec", "proc_new_fileless"];

/** A destination is stored as `address:port` or `[v6]:port`; where the pattern has no port, any one will do. */
function destination(pattern: string): string {
  if (pattern.startsWith("[")) return pattern.includes("]:") ? pattern : `${pattern}:*`;
  const colons = pattern.split(":").length - 1;
  if (colons === 0) return `${pattern}:*`;
  return colons === 1 ? pattern : `[${pattern}]:*`;
}
