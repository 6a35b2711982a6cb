/**
 * What analysis says to the comparing core: the categories of behaviour and the bytes of a fact.
 * A fact is one observation, not yet normalised; a fingerprint is (actor, category, normalised value).
 */

export const SEVERITIES = ["low", "medium", "high", "critical"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** How the core reads and normalises a value. */
export const VALUE = {
  /** Absolute path: roots, own files, /proc, temp, logs, dates, cacache, hex and UUID rules. */
  path: 0,
  /** Host name: lower case, trimmed, one trailing dot off. With FACT.named and a `:port` tail it is a named destination. */
  name: 1,
  /** Port (big-endian u16) and 4 or 16 address bytes; written `ip:port` or `[v6]:port`. */
  address: 2,
  /** argv as NUL-separated tokens: paths normalised, digits folded, joined by a space. */
  command: 3,
  /** Already in its final form. */
  literal: 4,
} as const;
export type ValueKind = (typeof VALUE)[keyof typeof VALUE];

interface CategoryKind {
  /** Stable number, used in facts, stored baselines and the core. Never reuse one. */
  id: number;
  value: ValueKind;
  severity: Severity;
  /** One line for people. */
  title: string;
}

/** Every category, by its v1 name where v1 had it. Severity is the default, before context raises it. */
export const CATEGORIES = {
  net_new_destination: { id: 1, value: VALUE.address, severity: "high", title: "new network destination" },
  net_new_dns: { id: 2, value: VALUE.name, severity: "medium", title: "new DNS name" },
  net_new_https_host: { id: 3, value: VALUE.name, severity: "high", title: "new HTTPS host" },
  net_new_http_host: { id: 4, value: VALUE.name, severity: "high", title: "new HTTP host" },
  net_new_listen: { id: 5, value: VALUE.literal, severity: "high", title: "new listening socket" },
  ipc_new_socket: { id: 6, value: VALUE.path, severity: "medium", title: "new unix socket" },
  fs_new_path_read: { id: 7, value: VALUE.path, severity: "low", title: "new path read" },
  fs_new_path_write: { id: 8, value: VALUE.path, severity: "medium", title: "new path written" },
  fs_new_path_delete: { id: 9, value: VALUE.path, severity: "medium", title: "new path deleted" },
  fs_new_foreign_write: {
    id: 10,
    value: VALUE.path,
    severity: "critical",
    title: "write to another package's or the project's files",
  },
  persist_new_path: { id: 11, value: VALUE.path, severity: "critical", title: "persistence" },
  proc_new_exec: { id: 12, value: VALUE.path, severity: "high", title: "new program run" },
  proc_new_command: { id: 13, value: VALUE.command, severity: "medium", title: "new command" },
  proc_new_fileless: { id: 14, value: VALUE.path, severity: "critical", title: "program run without a file" },
  proc_new_injection: { id: 15, value: VALUE.literal, severity: "critical", title: "reaching into another process" },
  proc_new_survivor: { id: 16, value: VALUE.command, severity: "high", title: "process left behind" },
  sys_new_rare: { id: 17, value: VALUE.literal, severity: "high", title: "rare or privileged call" },
  cred_new_access: { id: 18, value: VALUE.path, severity: "high", title: "credential access" },
  canary_leak: { id: 19, value: VALUE.literal, severity: "critical", title: "decoy leaked" },
  meta_new_script: { id: 20, value: VALUE.literal, severity: "high", title: "new lifecycle script" },
  meta_new_dependency: { id: 21, value: VALUE.literal, severity: "medium", title: "new dependency" },
  meta_new_publisher: { id: 22, value: VALUE.literal, severity: "medium", title: "new publisher" },
  meta_lost_provenance: { id: 23, value: VALUE.literal, severity: "medium", title: "provenance lost" },
  meta_new_bin: { id: 24, value: VALUE.literal, severity: "medium", title: "new bin" },
  meta_size_jump: { id: 25, value: VALUE.literal, severity: "medium", title: "size jump" },
  flood: { id: 26, value: VALUE.literal, severity: "high", title: "more behaviour than can be compared" },
} as const satisfies Record<string, CategoryKind>;
export type Category = keyof typeof CATEGORIES;
export const CATEGORY_COUNT = 32;

const BY_ID: (Category | undefined)[] = [];
for (const [name, kind] of Object.entries(CATEGORIES)) BY_ID[kind.id] = name as Category;

/** The category with this number, undefined if there is none. */
export function categoryName(id: number): Category | undefined {
  return BY_ID[id];
}

/**
 * Bytes of a fact: `[u32 id][u16 length][u8 category][u8 flags][u16 actor][u16 0][u32 pid]`, then the value,
 * padded to 8. id is the ordinal of the record in the trace that shows it (the first record is 0); pid is the
 * acting process's in its own pid namespace, so that /proc/<own pid> can be told from others.
 */
export const FACT = {
  headerSize: 16,
  id: 0,
  length: 4,
  category: 6,
  flags: 7,
  actor: 8,
  pid: 12,
  /** A value longer than this is not compared but reported as `flood`. */
  valueLimit: 6144,
  /** Flag: fold a path below <PKG>/ or <DEP:name>/ to `/**` (reads, and what npm itself unpacks). */
  fold: 1,
  /** Flag: a destination given by name (`name:port`), not by address. */
  named: 2,
  /** Flag: a literal whose part behind the first space is a path: `unix /tmp/x.sock`. */
  located: 4,
} as const;

/** One behaviour, as stored. */
export interface Fingerprint {
  /** `installer`, `script:<dep>`, `import`, `bin:<name>`. */
  actor: string;
  category: Category;
  value: string;
  /** How often it was seen in the run. */
  count: number;
  /** Ordinal of the first record that showed it. */
  first: number;
}
