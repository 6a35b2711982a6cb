import { CATEGORIES, CATEGORY_COUNT, FACT, VALUE } from "../protocol/facts.ts";
import { allowListNumbers, ANY_ACTOR, LIST, WILDCARD } from "./lists.ts";

/** What the rules write in place of what changes from run to run. */
const PLACEHOLDERS = {
  Project: "<PROJECT>",
  Home: "<HOME>",
  Package: "<PKG>",
  DependencyStart: "<DEP:",
  Pid: "<PID>",
  Self: "self",
  Thread: "<TID>",
  Number: "<N>",
  Random: "<RAND>",
  LogName: "<TIMESTAMP>-debug-<N>.log",
  Date: "<DATE>",
  Sha: "<SHA>",
  Hash: "<HASH>",
  Hex: "<HEX>",
  Uuid: "<UUID>",
  AnyBelow: "/**",
  Rest: "…",
  Here: "./",
} as const;

/** The file and directory names that the rules look for. */
const WORDS = {
  NodeModules: "node_modules",
  Proc: "proc",
  Self: "self",
  Task: "task",
  Descriptors: "fd",
  Tmp: "tmp",
  Var: "var",
  Dev: "dev",
  Shm: "shm",
  Logs: "_logs",
  Cacache: "_cacache",
  Content: "content-v2",
  Index: "index-v5",
  DebugLog: "Z-debug-",
} as const;

/**
 * Source of the core's module `./contract`: the numbers of protocol/facts.ts and the words of the rules as machine
 * words, so that nothing is stated twice. `put<Name>(o)` writes a placeholder (and up to 7 bytes of slack behind it),
 * `is<Name>(p, n)` compares n bytes at p.
 */
export function contractSource(options: { weakHash: boolean }): string {
  return [
    constant("HASH_MASK", "u64", options.weakHash ? "0x3f" : "0xffffffffffffffff"),
    ...Object.entries(FACT).map(([name, value]) => constant(`FACT_${upper(name)}`, "u32", String(value))),
    ...Object.entries(VALUE).map(([name, value]) => constant(`VALUE_${upper(name)}`, "u32", String(value))),
    constant("CATEGORY_COUNT", "u32", String(CATEGORY_COUNT)),
    bytesConstant("KINDS", categoryKinds()),
    ...Object.entries(LIST).map(([name, value]) => constant(`LIST_${upper(name)}`, "u32", String(value))),
    bytesConstant("ALLOW_LISTS", allowListNumbers()),
    constant("ALLOW_ANY_ACTOR", "u32", String(ANY_ACTOR)),
    ...Object.entries(WILDCARD).map(([name, value]) => constant(`WILDCARD_${upper(name)}`, "u8", String(value))),
    ...Object.entries(PLACEHOLDERS).map(([name, text]) => writer(name, text)),
    ...Object.entries(WORDS).map(([name, text]) => comparer(name, text)),
  ].join("\n");
}

/** A byte for every category number: its VALUE kind, or 255 where there is no such category. */
function categoryKinds(): Uint8Array {
  const kinds = new Uint8Array(CATEGORY_COUNT).fill(255);
  for (const { id, value } of Object.values(CATEGORIES)) kinds[id] = value;
  return kinds;
}

function bytesConstant(name: string, bytes: Uint8Array): string {
  return `export const ${name}: usize = memory.data<u8>([${bytes.join(", ")}]);`;
}

function constant(name: string, type: string, value: string): string {
  return `export const ${name}: ${type} = ${value};`;
}

function upper(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

function writer(name: string, text: string): string {
  const bytes = new TextEncoder().encode(text);
  const stores: string[] = [];
  for (let at = 0; at < bytes.length; at += 8) stores.push(`store<u64>(o, ${machineWord(bytes, at)}, ${at});`);
  return `@inline export function put${name}(o: usize): usize { ${stores.join(" ")} return o + ${bytes.length}; }`;
}

function comparer(name: string, text: string): string {
  const bytes = new TextEncoder().encode(text);
  const size = bytes.length;
  if (size > 16) throw new RangeError(`${text} is too long to be compared as two machine words`);
  const equal =
    size < 8
      ? `(load<u64>(p) & ${mask(size)}) == ${machineWord(bytes, 0)}`
      : `load<u64>(p) == ${machineWord(bytes, 0)} && load<u64>(p + ${size - 8}) == ${machineWord(bytes, size - 8)}`;
  return `@inline export function is${name}(p: usize, n: usize): bool { return n == ${size} && ${equal}; }`;
}

/** Eight bytes as the little-endian number that wasm loads, zero where the text has ended. */
function machineWord(bytes: Uint8Array, at: number): string {
  let word = 0n;
  for (let i = 7; i >= 0; i--) word = (word << 8n) | BigInt(bytes[at + i] ?? 0);
  return `0x${word.toString(16)}`;
}

function mask(size: number): string {
  return `0x${((1n << BigInt(size * 8)) - 1n).toString(16)}`;
}
