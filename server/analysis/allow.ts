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
 * programs, injection, persistence, writes to foreign files and credentials, which a wildcard must never wave through.
 */
export const ALLOWABLE: Readonly<Record<AllowKind, readonly Category[]>> = {
  cidr: ["net_new_destination"],
  sni: ["net_new_https_host", "net_new_http_host", "net_new_destination"],
  dns: ["net_new_dns"],
  path: ["fs_new_path_read", "fs_new_path_write", "fs_new_path_delete", "ipc_new_socket"],
  exec: ["proc_new_exec"],
  command: ["proc_new_command", "proc_new_survivor"],
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

const MATCHERS: Readonly<Record<AllowKind, (pattern: string, value: string) => boolean>> = {
  cidr: inRange,
  // A destination that an answer named is written `name:port`.
  sni: (pattern, value) => isName(pattern, value.replace(/:\d+$/, "")),
  dns: isName,
  path: isPath,
  exec: isPath,
  command: hasWildcards,
};

/** `*.example` is every name below `example`, not `example` itself. */
function isName(pattern: string, value: string): boolean {
  const name = pattern.toLowerCase();
  return name.startsWith("*.") ? value.endsWith(name.slice(1)) && value.length >= name.length : value === name;
}

/** `/a/` is all below `/a`; `*` stands for anything within one component. */
function isPath(pattern: string, value: string): boolean {
  const isBelow = pattern.endsWith("/");
  const wanted = pattern.split("/");
  const parts = value.split("/");
  if (isBelow) wanted.pop();
  if (isBelow ? parts.length <= wanted.length : parts.length !== wanted.length) return false;
  return wanted.every((part, i) => hasWildcards(part, parts[i] ?? ""));
}

/** `*` stands for any characters. Greedy from the left, so the time is bounded by the product of the lengths. */
function hasWildcards(pattern: string, value: string): boolean {
  const pieces = pattern.split("*");
  const first = pieces.shift() ?? "";
  const last = pieces.pop();
  if (last === undefined) return value === first;
  if (!value.startsWith(first) || !value.endsWith(last) || value.length < first.length + last.length) return false;
  const end = value.length - last.length;
  let at = first.length;
  for (const piece of pieces) {
    const found = value.indexOf(piece, at);
    if (found < 0 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
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
