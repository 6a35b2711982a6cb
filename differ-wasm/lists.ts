import { CATEGORIES, CATEGORY_COUNT, type Category } from "../protocol/facts.ts";

/** The operator's lists, as the core finds them in its config region: by number, each from 8-byte aligned entries. */
export const LIST = { rule: 0, cidr: 1, path: 2, sni: 3, dns: 4, exec: 5, command: 6 } as const;
export type ListName = keyof typeof LIST;

/** Actor of an allow-list entry for whoever acts; numbers of actors have 16 bits. */
export const ANY_ACTOR = 0xffffffff;

/** In a compiled pattern, what stands for `*` and `**`. No pattern has control characters. */
export const WILDCARD = { any: 1, anyDepth: 2 } as const;

/**
 * Which list may allow a category. One that is not here cannot be allowed: of a decoy that leaked, persistence, foreign
 * writes, credentials and the like, every single one is to be seen.
 */
const ALLOWABLE: Partial<Record<Category, ListName>> = {
  net_new_destination: "cidr", // or dns, where it has a name
  net_new_dns: "dns",
  net_new_https_host: "sni",
  net_new_http_host: "sni",
  ipc_new_socket: "path",
  fs_new_path_read: "path",
  fs_new_path_write: "path",
  fs_new_path_delete: "path",
  proc_new_exec: "exec",
  proc_new_command: "command",
};

/** The name of the list that may allow a category; undefined: none may. */
export function listOf(category: Category): ListName | undefined {
  return ALLOWABLE[category];
}

/** A byte for every category number: the list that may allow it, 0 if none may. */
export function allowListNumbers(): Uint8Array {
  const numbers = new Uint8Array(CATEGORY_COUNT);
  for (const [name, list] of Object.entries(ALLOWABLE)) numbers[CATEGORIES[name as Category].id] = LIST[list];
  return numbers;
}

/** The config region's bytes: where each list begins and ends, then the lists. */
export function encodeLists(lists: Record<ListName, readonly Uint8Array[]>): Uint8Array {
  const names = Object.keys(LIST) as ListName[];
  const chunks: Uint8Array[] = [];
  const table = new Uint32Array(names.length * 2);
  let at = table.byteLength;
  for (const name of names) {
    table[LIST[name] * 2] = at;
    for (const entry of lists[name]) {
      chunks.push(entry);
      at += entry.length;
    }
    table[LIST[name] * 2 + 1] = at;
  }
  return Buffer.concat([new Uint8Array(table.buffer), ...chunks]);
}

/** Fields and bytes behind one another, each of the bytes padded to 8. */
export function encodeEntry(fields: Uint8Array, ...parts: Uint8Array[]): Uint8Array {
  const sizes = parts.map(({ length }) => Math.ceil(length / 8) * 8);
  const entry = new Uint8Array(sizes.reduce((sum, size) => sum + size, fields.length));
  entry.set(fields);
  let at = fields.length;
  for (const [i, part] of parts.entries()) {
    entry.set(part, at);
    at += sizes[i] ?? 0;
  }
  return entry;
}
