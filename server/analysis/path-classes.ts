/** Puts a path into its classes, on bytes: this runs for every open of a run. */
import type { Environment } from "../../protocol/models.ts";
import { startsWith } from "./dependencies.ts";
import { HOME_RULES, PATH, PROJECT_RULES, SYSTEM_RULES } from "./path-rules.ts";

/** The PATH bits of the path in `bytes[start, end)`. `pid`: the acting process, whose own /proc is its own. */
export type ClassifyPath = (bytes: Uint8Array, start: number, end: number, pid: number) => number;

interface Rule {
  bytes: Uint8Array;
  /** What may follow: nothing, `/` or nothing, anything. */
  tail: "exact" | "directory" | "prefix";
  bits: number;
}
interface Root {
  /** With its final slash. */
  prefix: Uint8Array;
  /** By the first byte below the root. */
  rules: readonly (readonly Rule[] | undefined)[];
}

const SLASH = 0x2f;
const PROC = encode("/proc/");
const SECRET_PROC_FILES = ["environ", "mem"].map(encode);

/** A classifier for one run's directories and decoys: the last one that was made where these are the same. */
export function createPathClassifier(environment: Environment): ClassifyPath {
  const { project, home, decoys } = environment;
  const key = JSON.stringify([project, home, decoys.map(({ place }) => place)]);
  if (last?.key !== key) last = { key, classify: compileClassifier(environment) };
  return last.classify;
}

/** Whether the path is another process's memory: `/proc/<pid>/mem`, also by way of a thread. */
export function isForeignMemory(bytes: Uint8Array, start: number, end: number, pid: number): boolean {
  return isForeignProc(bytes, start, end, pid) && startsWith(bytes, end - 4, end, encode("/mem"));
}

// --- internal ---

let last: { key: string; classify: ClassifyPath } | undefined;

function compileClassifier(environment: Environment): ClassifyPath {
  const decoys = environment.decoys.flatMap(({ place }): [number, string][] =>
    place.startsWith("/") ? [[PATH.credential | PATH.decoy, `${place.slice(1).replace(/\/+$/, "")}/`]] : [],
  );
  const roots = [
    compileRoot(environment.project, PROJECT_RULES),
    compileRoot(environment.home, HOME_RULES),
    compileRoot("/root", HOME_RULES),
    compileRoot("", SYSTEM_RULES),
    { prefix: encode("/"), rules: bucket(decoys.map(([bits, path]) => compile(bits, path))) },
  ];
  const modules = encode(`${environment.project}/node_modules/`);
  return (bytes, start, end, pid) => {
    let bits = startsWith(bytes, start, end, modules) ? PATH.modules : 0;
    for (const root of roots) {
      const at = start + root.prefix.length;
      if (at >= end || !startsWith(bytes, start, end, root.prefix)) continue;
      const rules = root.rules[bytes[at] ?? 0];
      if (rules === undefined) continue;
      for (const rule of rules) if (matches(rule, bytes, at, end)) bits |= rule.bits;
    }
    if (isForeignProc(bytes, start, end, pid)) bits |= PATH.credential;
    return bits;
  };
}

function compileRoot(directory: string, table: typeof HOME_RULES): Root {
  const rules = table.flatMap(([bits, paths]) => paths.split(" ").map((path) => compile(bits, path)));
  return { prefix: encode(`${directory}/`), rules: bucket(rules) };
}

function compile(bits: number, path: string): Rule {
  if (path.endsWith("/")) return { bytes: encode(path.slice(0, -1)), tail: "directory", bits };
  if (path.endsWith("*")) return { bytes: encode(path.slice(0, -1)), tail: "prefix", bits };
  return { bytes: encode(path), tail: "exact", bits };
}

function bucket(rules: readonly Rule[]): Rule[][] {
  const buckets: Rule[][] = [];
  for (const rule of rules) (buckets[rule.bytes[0] ?? 0] ??= []).push(rule);
  return buckets;
}

function matches(rule: Rule, bytes: Uint8Array, at: number, end: number): boolean {
  const stop = at + rule.bytes.length;
  if (stop > end) return false;
  for (let i = 0; i < rule.bytes.length; i++) if (bytes[at + i] !== rule.bytes[i]) return false;
  if (stop === end || rule.tail === "prefix") return true;
  return rule.tail === "directory" && bytes[stop] === SLASH;
}

/** `/proc/<n>/environ` or `mem` where n is not the acting process; also `/proc/<n>/task/<t>/…`. */
function isForeignProc(bytes: Uint8Array, start: number, end: number, pid: number): boolean {
  if (!startsWith(bytes, start, end, PROC)) return false;
  let at = start + PROC.length;
  let owner = 0;
  for (; at < end; at++) {
    const digit = (bytes[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) break;
    owner = owner * 10 + digit;
  }
  if (bytes[at] !== SLASH || at === start + PROC.length || owner === pid) return false;
  for (const file of SECRET_PROC_FILES) {
    const name = end - file.length;
    if (name > at && bytes[name - 1] === SLASH && startsWith(bytes, name, end, file)) return true;
  }
  return false;
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
