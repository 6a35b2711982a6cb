/** The allow-list: which new behaviours an operator does not want to hear of. */
import { parseAddress } from "../../protocol/address.ts";
import type { Category } from "../../protocol/facts.ts";
import type { AllowKind } from "../../protocol/models.ts";
import type { AllowEntry } from "./types.ts";

interface Identity {
  actor: string;
  category: Category;
  value: string;
}

/**
 * What each kind can match. A category that is in no list cannot be allowed: a leak above all, but also fileless
 * programs, injection, persistence, writes to foreign files and credentials, of which every single one is to be seen.
 * A destination is matched by its address, or by the name that an answer gave it.
 */
export const ALLOWABLE: Readonly<Record<AllowKind, readonly Category[]>> = {
  cidr: ["net_new_destination"],
  sni: ["net_new_https_host", "net_new_http_host"],
  dns: ["net_new_dns", "net_new_destination"],
  path: ["fs_new_path_read", "fs_new_path_write", "fs_new_path_delete", "ipc_new_socket"],
  exec: ["proc_new_exec"],
  command: ["proc_new_command"],
};

/** The first entry that allows a behaviour; undefined: none does. */
export function findAllowing<Entry extends AllowEntry>(
  entries: readonly Entry[],
  behaviour: Identity,
): Entry | undefined {
  return entries.find(
    ({ kind, value, actor }) =>
      (actor === null || actor === behaviour.actor) &&
      ALLOWABLE[kind].includes(behaviour.category) &&
      MATCHERS[kind](value, behaviour.value),
  );
}

/** A range such as `192.0.2.0/24`, `2001:db8::/32` or a single address; undefined: it is none. */
export function parseRange(text: string): { address: Uint8Array; bits: number } | undefined {
  const [, given = "", length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const address = parseAddress(given);
  if (address === null) return undefined;
  const bits = length === undefined ? address.length * 8 : Number(length);
  return bits <= address.length * 8 ? { address, bits } : undefined;
}

// --- internal ---

const MATCHERS: Readonly<Record<AllowKind, (wanted: string, value: string) => boolean>> = {
  cidr: inRange,
  sni: isName,
  // A destination that an answer named is written `name:port`.
  dns: (wanted, value) => isName(wanted, value.replace(/:\d+$/, "")),
  path: isBelow,
  exec: (wanted, value) => value === wanted,
  command: (wanted, value) => value === wanted,
};

/** `*.example` is every name below `example`, not `example` itself. */
function isName(wanted: string, value: string): boolean {
  const name = wanted.toLowerCase();
  return name.startsWith("*.") ? value.endsWith(name.slice(1)) && value.length >= name.length : value === name;
}

/** The path itself and everything below it. */
function isBelow(wanted: string, value: string): boolean {
  const path = wanted.replace(/\/+$/, "");
  return value === path || value.startsWith(`${path}/`);
}

function inRange(range: string, value: string): boolean {
  const wanted = parseRange(range);
  const address = parseAddress(value.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1"));
  if (wanted === undefined || address?.length !== wanted.address.length) return false;
  for (let bit = 0; bit < wanted.bits; bit += 8) {
    const mask = 0xff & (0xff << Math.max(0, 8 - (wanted.bits - bit)));
    if (((address[bit >> 3] ?? 0) & mask) !== ((wanted.address[bit >> 3] ?? 0) & mask)) return false;
  }
  return true;
}
