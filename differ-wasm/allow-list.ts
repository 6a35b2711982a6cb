import { parseAddress } from "../protocol/address.ts";
import { bytesOf } from "./escape.ts";
import { ANY_ACTOR, encodeEntry } from "./lists.ts";
import { normalName } from "./reference-rules.ts";
import type { AllowRule, RuleError } from "./types.ts";

/** An allow-list as the core reads it: the entries of each kind. */
export type AllowTable = Record<AllowRule["kind"], Uint8Array[]>;

const RULES_LIMIT = 4096;
const VALUE_LIMIT = 1024;
/** ::ffff:0:0/96 */
const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255];

/**
 * Checks an allow-list and compiles it. Values are in their normal form (docs/differ-rules.md):
 * cidr `192.0.2.0/24`, `2001:db8::/32` or one address; path: everything at or below it; sni, dns: a host name, or
 * `*.example` for all below it; exec: the program's path; command: the whole command.
 */
export function compileAllow(rules: readonly AllowRule[]): { ok: AllowTable } | { errors: RuleError[] } {
  const table: AllowTable = { cidr: [], path: [], sni: [], dns: [], exec: [], command: [] };
  const errors: RuleError[] = [];
  if (rules.length > RULES_LIMIT) {
    errors.push({ rule: RULES_LIMIT, field: "value", position: 0, message: `more than ${RULES_LIMIT} rules` });
  }
  for (const [rule, { kind, value, actor = ANY_ACTOR }] of rules.entries()) {
    const compiled =
      kind === "cidr" ? compileNetwork(value, actor, rule + 1) : compileText(kind, value, actor, rule + 1);
    if (compiled instanceof Uint8Array) table[kind].push(compiled);
    else errors.push({ rule, field: "value", ...compiled });
  }
  return errors.length > 0 ? { errors } : { ok: table };
}

/** The address bytes (16, IPv4 mapped) and the length of the prefix in them; null if it is neither. */
export function parseNetwork(text: string): { address: Uint8Array; bits: number; family: 4 | 6 } | null {
  const [, host = "", length] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const bytes = parseAddress(host);
  if (bytes === null) return null;
  const address = bytes.length === 4 ? Uint8Array.from([...MAPPED, ...bytes]) : bytes;
  const bits = length === undefined ? 128 : Number(length) + (host.includes(":") ? 0 : 96);
  if (bits > 128) return null;
  const isV4 = bits >= 96 && MAPPED.every((byte, at) => address[at] === byte);
  return { address, bits, family: isV4 ? 4 : 6 };
}

// --- internal ---

type Fault = Pick<RuleError, "position" | "message">;

function compileNetwork(value: string, actor: number, number: number): Uint8Array | Fault {
  const network = parseNetwork(value);
  if (network === null) return { position: 0, message: "no network: expected 192.0.2.0/24 or 2001:db8::/32" };
  const fields = new Uint8Array(8);
  const view = new DataView(fields.buffer);
  view.setUint32(0, actor, true);
  view.setUint16(4, network.family, true);
  view.setUint16(6, number, true);
  const mask = new Uint8Array(16).map((_, at) => 0xff00 >> Math.min(Math.max(network.bits - at * 8, 0), 8));
  return encodeEntry(fields, network.address, mask);
}

function compileText(kind: AllowRule["kind"], value: string, actor: number, number: number): Uint8Array | Fault {
  const isName = kind === "sni" || kind === "dns";
  const isWildcard = isName && value.startsWith("*.");
  const text = isName ? normalName(value.slice(isWildcard ? 1 : 0)) : kind === "path" ? withoutSlash(value) : value;
  const star = isName ? text.indexOf("*") : -1;
  if (star >= 0) return { position: star, message: "a * stands only for whole labels in front: *.example" };
  if (text === "" || text === ".") return { position: 0, message: "the value is empty" };
  if (kind === "path" && !/^[/<]/.test(text)) return { position: 0, message: "a path begins with / or a root: <HOME>" };
  const bytes = bytesOf(text);
  if (bytes.length > VALUE_LIMIT) return { position: VALUE_LIMIT, message: `longer than ${VALUE_LIMIT} bytes` };
  const fields = new Uint8Array(8);
  const view = new DataView(fields.buffer);
  view.setUint32(0, actor, true);
  view.setUint16(4, bytes.length, true);
  view.setUint16(6, number | (isWildcard ? 0x8000 : 0), true);
  return encodeEntry(fields, bytes);
}

function withoutSlash(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, "") || "/" : path;
}
