import { parseAddress } from "../protocol/address.ts";
import { CATEGORIES, FACT, type Category } from "../protocol/facts.ts";
import { bytesOf, latin1 } from "./escape.ts";
import { listOf } from "./lists.ts";
import type { AllowRule, NormaliseRule } from "./types.ts";

// What the operator adds, for the reference: again on strings with one character for each byte.

export type OperatorRules = readonly { id: string; match: RegExp; as: string }[];

export function compileOperatorRules(rules: readonly NormaliseRule[]): OperatorRules {
  return rules.map(({ id, match, as }) => ({ id, match: globPattern(match), as: latin1(bytesOf(as)) }));
}

/** The path, or what the first rule that fits puts in its place. */
export function operatorPath(path: string, rules: OperatorRules, applied: (rule: string) => void): string {
  const rule = rules.find(({ match }) => match.test(path));
  if (rule === undefined) return path;
  applied(rule.id);
  return rule.as;
}

interface AllowFact {
  category: number;
  flags: number;
  actor: number;
  value: string;
}

/** Index of the first rule that allows what a fact shows, whose normal form is `normal`; null: none does. */
export function allowing(
  { category, flags, actor, value }: AllowFact,
  normal: string,
  rules: readonly AllowRule[],
): number | null {
  const kind = KINDS.get(category);
  const isNamed = (flags & FACT.named) !== 0;
  const first = rules.findIndex((rule) => {
    if (rule.actor !== undefined && rule.actor !== actor) return false;
    if (kind === "cidr" && isNamed) return rule.kind === "dns" && isName(normal.replace(/:\d+$/, ""), rule.value);
    if (rule.kind !== kind) return false;
    if (kind === "cidr") return isInNetwork(value.slice(2), rule.value);
    if (kind === "sni" || kind === "dns") return isName(normal, rule.value);
    const wanted = latin1(bytesOf(rule.value));
    if (kind !== "path") return normal === wanted;
    return normal === wanted || normal.startsWith(wanted.replace(/\/*$/, "/")) || normal === wanted.replace(/\/+$/, "");
  });
  return first < 0 ? null : first;
}

// --- internal ---

const KINDS = new Map(
  Object.entries(CATEGORIES).map(([name, { id }]) => [id as number, listOf(name as Category)] as const),
);

function globPattern(match: string): RegExp {
  const source = latin1(bytesOf(match)).replace(/\*\*\/|\*\*$|\*|[^\w/]/g, (part) => {
    if (part === "**/") return "(?:[^/]*/)*";
    if (part === "**") return ".+";
    return part === "*" ? "[^/]*" : `\\${part}`;
  });
  return new RegExp(`^${source}$`, "s");
}

function isName(name: string, wanted: string): boolean {
  const normal = latin1(bytesOf(wanted))
    .replace(/^[ \t-\r]+|[ \t-\r]+$/g, "")
    .replace(/\.$/, "")
    .replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  return normal.startsWith("*.") ? name.endsWith(normal.slice(1)) && name.length > normal.length - 1 : name === normal;
}

/** On numbers of 128 bits; an IPv4 address is its mapped one. */
function isInNetwork(address: string, network: string): boolean {
  const [host = "", length] = network.split("/");
  const base = wide(parseAddress(host) ?? new Uint8Array());
  const own = wide(Buffer.from(address, "latin1"));
  const bits = length === undefined ? 128 : Number(length) + (host.includes(":") ? 0 : 96);
  const isV4 = (number: bigint): boolean => number >> 32n === 0xffffn;
  const isOfV4 = isV4(base) && bits >= 96;
  const rest = BigInt(128 - bits);
  return isOfV4 === isV4(own) && base >> rest === own >> rest;
}

function wide(bytes: Uint8Array): bigint {
  const number = BigInt(`0x0${Buffer.from(bytes).toString("hex")}`);
  return bytes.length === 4 ? 0xffff_0000_0000n | number : number;
}
