import { latin1, bytesOf } from "./escape.ts";
import { operatorPath, type OperatorRules } from "./reference-operator.ts";
import type { DifferScope } from "./types.ts";

// The rules of docs/differ-rules.md on strings with one character for each byte, so that a regular expression sees
// bytes. All of them have the `s` flag where a dot must match any byte, and none the `i` or `u` flag.

/** Told the id of each rule that changes something. */
export type Applied = (rule: string) => void;

export interface PathOptions {
  pid: number;
  fold: boolean;
  rules: OperatorRules;
  applied: Applied;
}

const REST = latin1(new TextEncoder().encode("…"));

/** VALUE.path */
export function normalPath(path: string, scope: DifferScope, options: PathOptions): string {
  return operatorPath(builtIn(path, scope, options), options.rules, options.applied);
}

function builtIn(path: string, scope: DifferScope, { pid, fold, applied }: PathOptions): string {
  if (!path.startsWith("/")) {
    if (!path.startsWith("<")) return path;
    applied("relative");
    return `./${path}`;
  }
  const components = cleanUp(path);
  if (`/${components.join("/")}` !== path) applied("clean");
  const root = findRoot(components, scope);
  if (root) {
    applied("root");
    if (fold && root.isPackage) {
      applied("fold");
      return `${root.text}/**`;
    }
    return [root.text, ...rewrite(components, root.taken, applied)].join("/");
  }
  if (components[0] === "proc") return `/${processes(components, pid, applied).join("/")}`;
  const temporary = /^(tmp\/|var\/tmp\/|dev\/shm\/)/.exec(components.join("/"))?.[1];
  if (temporary) {
    const at = temporary.split("/").length - 1;
    const name = components[at] ?? "";
    if (hasRandomPart(name)) applied("temp");
    const written = hasRandomPart(name) ? "<RAND>" : withoutWords(name, /\d{2,}/g, applied);
    return [`/${temporary}${written}`, ...rewrite(components, at + 1, applied, components, NUMBERS)].join("/");
  }
  return `/${rewrite(components, 0, applied).join("/")}`;
}

function cleanUp(path: string): string[] {
  const components: string[] = [];
  for (const component of path.split("/")) {
    if (component === "..") components.pop();
    else if (component !== "" && component !== ".") components.push(component);
  }
  return components;
}

/** The root a path is below, and how many components it takes. */
function findRoot(
  components: string[],
  scope: DifferScope,
): { text: string; taken: number; isPackage: boolean } | undefined {
  const project = below(components, scope.project);
  if (project !== undefined) {
    for (let at = components.length - 1; at >= project; at--) {
      if (components[at] !== "node_modules") continue;
      const name = /^(?:[^.@/][^/]*|@[^/]*\/[^./][^/]*)(?=\/|$)/.exec(components.slice(at + 1).join("/"))?.[0];
      if (name === undefined) continue;
      const isOwn = at === project && name === latin1(bytesOf(scope.package));
      return { text: isOwn ? "<PKG>" : `<DEP:${name}>`, taken: at + 1 + name.split("/").length, isPackage: true };
    }
    return { text: "<PROJECT>", taken: project, isPackage: false };
  }
  const home = below(components, scope.home);
  return home === undefined ? undefined : { text: "<HOME>", taken: home, isPackage: false };
}

function below(components: string[], root: string): number | undefined {
  if (!root.startsWith("/")) return undefined;
  const wanted = cleanUp(latin1(bytesOf(root)));
  return wanted.every((component, at) => components[at] === component) ? wanted.length : undefined;
}

function processes(components: string[], pid: number, applied: Applied): string[] {
  const [, process = "", task, thread = ""] = components;
  const isTask = /^(\d+|self)$/.test(process) && task === "task" && /^\d+$/.test(thread);
  const marked = components.map((component, at) => {
    if (!/^\d+$/.test(component)) return component;
    if (at === 1) return pid !== 0 && component === String(pid) ? "self" : "<PID>";
    if (at === 3 && isTask) return "<TID>";
    return components[at - 1] === "fd" ? "<N>" : component;
  });
  if (marked.some((component, at) => component !== components[at])) applied("proc");
  return rewrite(marked, 0, applied, components);
}

/** Applies the rules for single components from `from` on. */
function rewrite(
  components: string[],
  from: number,
  applied: Applied,
  originals = components,
  numbers?: RegExp,
): string[] {
  const written: string[] = [];
  for (let at = from; at < components.length; at++) {
    const component = components[at] ?? "";
    if (component !== originals[at]) {
      written.push(component);
      continue;
    }
    const before = `/${originals.slice(Math.max(0, at - 3), at).join("/")}`;
    const rest = originals.slice(at, at + 3).join("/");
    const isLast = at === components.length - 1;
    const cached = cachedContent(before, rest);
    if (/\/node_modules(\/@[^/]*)?$/.test(before) && /^\..+-[\w-]{8}$/s.test(component)) {
      applied("aside");
      written.push(`${component.slice(0, -8)}<RAND>`);
    } else if (isLast && before.endsWith("/_logs") && /^\d{4}-\d\d-\d\dT[\d_]+Z-debug-\d+\.log$/.test(component)) {
      applied("log");
      written.push("<TIMESTAMP>-debug-<N>.log");
    } else if (cached) {
      applied("cacache");
      written.push(cached.text);
      at += cached.taken - 1;
    } else {
      written.push(withoutWords(component, numbers, applied));
    }
  }
  return written;
}

/** What is below npm's cache: contents and index by hash, temporary files. */
function cachedContent(before: string, rest: string): { text: string; taken: number } | undefined {
  const [component = ""] = rest.split("/");
  if (before.endsWith("/_cacache/tmp")) {
    const isTemporary = /^[0-9a-fA-F-]+$/.test(component) || hasRandomPart(component);
    return isTemporary ? { text: "<RAND>", taken: 1 } : undefined;
  }
  const isIndex = before.endsWith("/_cacache/index-v5");
  if (!isIndex && !/\/_cacache\/content-v2\/[^/]+$/.test(before)) return undefined;
  const shards = /^[0-9a-fA-F]{2}(\/[0-9a-fA-F]{2}(\/[0-9a-fA-F]+)?)?(?=\/|$)/.exec(rest)?.[0];
  return shards === undefined ? undefined : { text: isIndex ? "<HASH>" : "<SHA>", taken: shards.split("/").length };
}

/** Each character stands for what takes a word's place; no byte is one of them. */
const HIDDEN: Record<string, string> = { "\ue000": "<HEX>", "\ue001": "<UUID>", "\ue002": "<DATE>", "\ue003": "<N>" };

/** Below a temporary directory a number that is a word is a pid. */
const NUMBERS = /(?<![A-Za-z0-9])\d{2,}(?![A-Za-z0-9])/g;

/** What changes from run to run in a component, in this order. */
const CHANGING: [rule: string, words: RegExp, hidden: string][] = [
  ["date", /(?<![A-Za-z0-9])\d{4}-\d\d-\d\d(?:T\d\d[-_:]\d\d[-_:]\d\d(?:[-_.]\d{3})?Z?)?(?![A-Za-z0-9])/g, "\ue002"],
  ["uuid", /(?<![A-Za-z0-9])[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![A-Za-z0-9])/g, "\ue001"],
  [
    "hashed",
    /(?<![A-Za-z0-9])(?=[a-fA-F]*\d)(?:[0-9a-fA-F]{12,}|(?<=.)[0-9a-fA-F]{8,}|(?<=.)\d{6,}$)(?![A-Za-z0-9])/gs,
    "\ue000",
  ],
  ["pid", /(?<=[^A-Za-z0-9])\d+(?=-[\ue000\ue001])/g, "\ue003"],
];

function withoutWords(component: string, numbers: RegExp | undefined, applied: Applied): string {
  if (/^[0-9a-fA-F]{12,}$/.test(component)) {
    applied("hex");
    return "<HEX>";
  }
  let text = component;
  const hide = (rule: string, words: RegExp, hidden: string): void => {
    const before = text;
    text = text.replace(words, hidden);
    if (text !== before) applied(rule);
  };
  for (const [rule, words, hidden] of CHANGING) hide(rule, words, hidden);
  if (numbers) hide("temp", numbers, "\ue003");
  return text.replace(/[\ue000-\ue003]/g, (hidden) => HIDDEN[hidden] ?? hidden);
}

/** As assembly/random.ts defines it. */
export function hasRandomPart(component: string): boolean {
  if (/^tmp[a-z0-9_]{8}(\.|$)/.test(component)) return true;
  return [...component.matchAll(/[A-Za-z0-9]+/g)].some(({ 0: run, index }) => {
    if (/^\d{2,}$/.test(run) && component[index - 1] === "-") return true;
    if (run.length < 6) return false;
    if (/^[0-9a-fA-F]+$/.test(run) && /\d/.test(run)) return true;
    return !/^([a-z]*|[A-Z]*|[A-Z][a-z]+)\d*$/.test(run);
  });
}

/** VALUE.command */
export function normalCommand(argv: string, scope: DifferScope, options: Omit<PathOptions, "fold">): string {
  const tokens = argv.replace(/\0$/, "").split("\0");
  const normal = tokens.slice(0, 64).map((token) => {
    const [, option = "", path] = /^((?:-[^=]*=)?)(\/.*)$/s.exec(token) ?? [];
    if (path !== undefined) return option + normalPath(path, scope, { ...options, fold: false });
    return token.replace(/(^|:)\d+$/, "$1<N>");
  });
  return (tokens.length > 64 ? [...normal, REST] : normal).join(" ");
}

/** VALUE.name */
export function normalName(name: string): string {
  return name
    .replace(/^[ \t-\r]+|[ \t-\r]+$/g, "")
    .replace(/\.$/, "")
    .replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** VALUE.address or VALUE.name with FACT.named; null: malformed. */
export function normalDestination(value: string): string | null {
  const [, host = "", port = ""] = /^(.*):(\d{1,5})$/s.exec(value) ?? [];
  const name = normalName(host);
  return name === "" || port === "" || name.includes(":") || /(^|\.)\d+$/.test(name) ? null : `${name}:${port}`;
}

/** VALUE.address; null: malformed. */
export function normalAddress(value: string): string | null {
  const [high = 0, low = 0, ...address] = Buffer.from(value, "latin1");
  const port = high * 256 + low;
  if (value.length === 6) return `${address.join(".")}:${port}`;
  if (value.length !== 18) return null;
  if (value.slice(2, 14) === `${"\0".repeat(10)}\xff\xff`) return `${address.slice(12).join(".")}:${port}`;
  const groups = Array.from({ length: 8 }, (_, i) =>
    ((address[2 * i] ?? 0) * 256 + (address[2 * i + 1] ?? 0)).toString(16),
  );
  return `[${shortened(groups)}]:${port}`;
}

/** RFC 5952: the first of the longest runs of two or more zero groups becomes `::`. */
function shortened(groups: string[]): string {
  for (let length = 8; length >= 2; length--) {
    for (let at = 0; at + length <= 8; at++) {
      if (groups.slice(at, at + length).every((group) => group === "0")) {
        return `${groups.slice(0, at).join(":")}::${groups.slice(at + length).join(":")}`;
      }
    }
  }
  return groups.join(":");
}
