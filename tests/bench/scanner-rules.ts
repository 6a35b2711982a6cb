// The rules of docs/differ-rules.md by hand, on strings with one character for each byte. Roots are clean paths.
import { normalAddress } from "../../differ-wasm/reference-rules.ts";
import { CLASSES, DIGIT, HEX, LOWER, UPPER, hasDigit, isAll, skip } from "./scanner-text.ts";
import { isDate, withoutWords } from "./scanner-words.ts";

export interface Place {
  project: string | null;
  home: string | null;
  package: string;
  pid: number;
}

export function scanPath(path: string, place: Place, fold: boolean): string {
  if (path.charCodeAt(0) !== 47) return path.charCodeAt(0) === 60 ? `./${path}` : path;
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  const clean = `/${parts.join("/")}`;
  const project = partsBelow(clean, place.project);
  if (project >= 0) {
    for (let at = parts.length - 2; at >= project; at--) {
      if (parts[at] !== "node_modules") continue;
      const name = dependencyName(parts, at + 1);
      if (name === "") continue;
      const root = at === project && name === place.package ? "<PKG>" : `<DEP:${name}>`;
      return fold ? `${root}/**` : write(root, parts, at + (name.charCodeAt(0) === 64 ? 3 : 2));
    }
    return write("<PROJECT>", parts, project);
  }
  const home = partsBelow(clean, place.home);
  if (home >= 0) return write("<HOME>", parts, home);
  if (parts.length === 0) return "/";
  if (parts[0] === "proc") return processes(parts, place.pid);
  const at = temporaryAt(parts);
  if (at === 0) return write("", parts, 0);
  const before = `/${parts.slice(0, at).join("/")}`;
  const name = parts[at] ?? "";
  return write(`${before}/${hasRandomPart(name) ? "<RAND>" : withoutWords(name, "all")}`, parts, at + 1, "words");
}

/** How many components the root takes; -1 if the path is not below it. */
function partsBelow(path: string, root: string | null): number {
  if (root === null || !path.startsWith(root)) return -1;
  if (path.length > root.length && path.charCodeAt(root.length) !== 47) return -1;
  return root.split("/").length - 1;
}

function dependencyName(parts: string[], at: number): string {
  const first = parts[at] ?? "";
  const code = first.charCodeAt(0);
  if (code === 46 || first === "") return "";
  if (code !== 64) return first;
  const second = parts[at + 1] ?? ".";
  return second.charCodeAt(0) === 46 ? "" : `${first}/${second}`;
}

function temporaryAt(parts: string[]): number {
  if (parts[0] === "tmp") return parts.length >= 2 ? 1 : 0;
  if (parts.length < 3) return 0;
  return (parts[0] === "var" && parts[1] === "tmp") || (parts[0] === "dev" && parts[1] === "shm") ? 2 : 0;
}

function processes(parts: string[], pid: number): string {
  let text = "/proc";
  for (let at = 1; at < parts.length;) {
    const part = parts[at] ?? "";
    const isNumber = isAll(part, DIGIT);
    const process = parts[1] ?? "";
    if (isNumber && at === 1) text += pid !== 0 && part === String(pid) ? "/self" : "/<PID>";
    else if (isNumber && at === 3 && parts[2] === "task" && (process === "self" || isAll(process, DIGIT))) {
      text += "/<TID>";
    } else if (isNumber && parts[at - 1] === "fd") text += "/<N>";
    else {
      const [written, taken] = component(parts, at);
      text += `/${written}`;
      at += taken;
      continue;
    }
    at++;
  }
  return text;
}

function write(root: string, parts: string[], from: number, numbers: "none" | "words" = "none"): string {
  let text = root;
  for (let at = from; at < parts.length;) {
    const [written, taken] = component(parts, at, numbers);
    text += `/${written}`;
    at += taken;
  }
  return text;
}

/** The component by its rule, and how many it takes. */
function component(parts: string[], at: number, numbers: "none" | "words" = "none"): [string, number] {
  const part = parts[at] ?? "";
  const above = parts[at - 1] ?? "";
  if (part.charCodeAt(0) === 46 && part.length >= 11 && isInModules(parts, at) && isMovedAside(part)) {
    return [`${part.slice(0, -8)}<RAND>`, 1];
  }
  if (at === parts.length - 1 && above === "_logs" && isDate(part) && isDebugLog(part)) {
    return ["<TIMESTAMP>-debug-<N>.log", 1];
  }
  if (parts[at - 2] === "_cacache") {
    if (above === "index-v5" && isShard(part)) return ["<HASH>", shards(parts, at)];
    if (above === "tmp" && (isHexOrDashes(part) || hasRandomPart(part))) return ["<RAND>", 1];
  }
  if (parts[at - 3] === "_cacache" && parts[at - 2] === "content-v2" && isShard(part)) {
    return ["<SHA>", shards(parts, at)];
  }
  return [withoutWords(part, numbers), 1];
}

function isInModules(parts: string[], at: number): boolean {
  const above = parts[at - 1] ?? "";
  return above === "node_modules" || (above.charCodeAt(0) === 64 && parts[at - 2] === "node_modules");
}

function isMovedAside(part: string): boolean {
  if (part.charCodeAt(part.length - 9) !== 45) return false;
  for (let at = part.length - 8; at < part.length; at++) {
    const code = part.charCodeAt(at);
    if (((CLASSES[code] ?? 0) & (DIGIT | LOWER | UPPER)) === 0 && code !== 45 && code !== 95) return false;
  }
  return true;
}

function isDebugLog(part: string): boolean {
  if (part.charCodeAt(10) !== 84) return false;
  let at = 11;
  while (at < part.length && (((CLASSES[part.charCodeAt(at)] ?? 0) & DIGIT) !== 0 || part[at] === "_")) at++;
  if (at === 11 || !part.startsWith("Z-debug-", at)) return false;
  const dot = skip(part, at + 8, DIGIT);
  return dot > at + 8 && part.slice(dot) === ".log";
}

function isShard(part: string | undefined): boolean {
  return part !== undefined && part.length === 2 && isAll(part, HEX);
}

function shards(parts: string[], at: number): number {
  if (!isShard(parts[at + 1])) return 1;
  return isAll(parts[at + 2] ?? "", HEX) ? 3 : 2;
}

function isHexOrDashes(part: string): boolean {
  for (let at = 0; at < part.length; at++) {
    const code = part.charCodeAt(at);
    if (((CLASSES[code] ?? 0) & HEX) === 0 && code !== 45) return false;
  }
  return true;
}

function hasRandomPart(part: string): boolean {
  if (part.startsWith("tmp") && part.length >= 11 && isPythonTemporary(part)) return true;
  for (let at = 0; at < part.length;) {
    const end = skip(part, at, DIGIT | LOWER | UPPER);
    if (end - at >= 2 && isRandom(part.slice(at, end), part.charCodeAt(at - 1) === 45)) return true;
    at = end + 1;
  }
  return false;
}

function isPythonTemporary(part: string): boolean {
  for (let at = 3; at < 11; at++) {
    const code = part.charCodeAt(at);
    if (((CLASSES[code] ?? 0) & (LOWER | DIGIT)) === 0 && code !== 95) return false;
  }
  return part.length === 11 || part.charCodeAt(11) === 46;
}

function isRandom(run: string, behindDash: boolean): boolean {
  if (behindDash && isAll(run, DIGIT)) return true;
  if (run.length < 6) return false;
  if (isAll(run, HEX) && hasDigit(run)) return true;
  let letters = skip(run, 0, LOWER);
  if (letters === 0) {
    letters = skip(run, 0, UPPER);
    if (letters === 1) letters = skip(run, 1, LOWER);
  }
  return skip(run, letters, DIGIT) !== run.length;
}

export function scanCommand(argv: string, place: Place): string {
  const text = argv.charCodeAt(argv.length - 1) === 0 ? argv.slice(0, -1) : argv;
  const tokens = text.split("\0");
  const normal = tokens.slice(0, 64).map((token) => scanToken(token, place));
  if (tokens.length > 64) normal.push("\u00e2\u0080\u00a6");
  return normal.join(" ");
}

function scanToken(token: string, place: Place): string {
  const path = token.charCodeAt(0) === 45 ? token.indexOf("=") + 1 : 0;
  if (token.charCodeAt(path) === 47) return token.slice(0, path) + scanPath(token.slice(path), place, false);
  const number = token.lastIndexOf(":") + 1;
  if (isAll(token, DIGIT)) return "<N>";
  return number > 0 && isAll(token.slice(number), DIGIT) ? `${token.slice(0, number)}<N>` : token;
}

export function scanName(name: string): string {
  let start = 0;
  let end = name.length;
  while (start < end && isSpace(name.charCodeAt(start))) start++;
  while (end > start && isSpace(name.charCodeAt(end - 1))) end--;
  if (end > start && name.charCodeAt(end - 1) === 46) end--;
  let text = "";
  for (let at = start; at < end; at++) {
    const code = name.charCodeAt(at);
    text += String.fromCharCode(((CLASSES[code] ?? 0) & UPPER) === 0 ? code : code | 32);
  }
  return text;
}

function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13);
}

export function scanDestination(value: string): string | null {
  const colon = value.lastIndexOf(":");
  const port = value.slice(colon + 1);
  if (colon < 0 || port.length > 5 || !isAll(port, DIGIT)) return null;
  const name = scanName(value.slice(0, colon));
  if (name === "" || name.includes(":") || isAll(name.slice(name.lastIndexOf(".") + 1), DIGIT)) return null;
  return `${name}:${port}`;
}

/** Few of a run; the reference's way has no regular expression either. */
export const scanAddress: (value: string) => string | null = normalAddress;
