/**
 * The core's source as C, statement by statement, for the comparison with native code: both compilers get the same
 * algorithm. It knows only what the core uses of the language; anything else is an error of the C compiler.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { contractSource } from "../../differ-wasm/contract.ts";

const ASSEMBLY = join(import.meta.dir, "../../differ-wasm/assembly");

/** C for native.c to include: the contract and every module that index.ts reaches, each behind what it imports. */
export function coreAsC(): string {
  const modules = new Map<string, string>();
  const visit = (name: string): void => {
    if (modules.has(name)) return;
    const text = name === "contract" ? contractSource({ weakHash: false }) : readModule(name);
    modules.set(name, text);
    for (const [, imported = ""] of text.matchAll(/from "\.\/([a-z-]+)";/g)) visit(imported);
  };
  visit("index");
  const names = [...modules.keys()];
  // What other modules may use comes first; a variable may be declared before it gets its value.
  const translated = names.map((name) => translate(name, modules.get(name) ?? ""));
  const shared = translated.flatMap(({ constants }) => constants);
  const prototypes = translated.flatMap(({ functions }) => functions.map((text) => `${head(text)};`));
  const declared = translated.flatMap(({ variables }) => variables.map((text) => text.replace(/ = .*;$/, ";")));
  const bodies = translated.map(({ own, variables, functions, name }) =>
    [`// ${name}.ts`, ...own, ...variables, ...functions, ...own.map((line) => `#undef ${line.split(" ")[1]}`)].join(
      "\n",
    ),
  );
  return [...shared, ...prototypes, ...declared, ...bodies].join("\n");
}

// --- internal ---

interface Module {
  name: string;
  /** Exported constants. */
  constants: string[];
  /** The others, which are defined only within their module: some have the same name. */
  own: string[];
  variables: string[];
  functions: string[];
}

function readModule(name: string): string {
  return readFileSync(join(ASSEMBLY, `${name}.ts`), "utf8");
}

function translate(name: string, source: string): Module {
  const text = source
    .replace(/\/\*[^]*?\*\/|^\s*\/\/.*$|\s\/\/ .*$/gm, "")
    .replace(/^(import|export) \{[^}]*\} from "[^"]*";$/gm, "");
  const parsed: Module = { name, constants: [], own: [], variables: [], functions: [] };
  for (const [, exported, constant, type = "", value = ""] of text.matchAll(
    /^(export )?const (\w+): (\w+) = ([^;]*);$/gm,
  )) {
    (exported ? parsed.constants : parsed.own).push(...constantOf(name, constant ?? "", type, value));
  }
  for (const [, variable, type, value = ""] of text.matchAll(/^(?:export )?let (\w+): (\w+) = ([^;]*);$/gm)) {
    parsed.variables.push(`static ${type} ${variable} = ${expression(value)};`);
  }
  for (const [, called, parameters = "", type, body = ""] of text.matchAll(
    /^(?:@inline )?(?:export )?function (\w+)\(([^)]*)\): (\w+) (\{.*\}|\{[^]*?\n\})$/gm,
  )) {
    const list = parameters
      .split(",")
      .map((one) => one.trim().replace(/^(\w+): (\w+)$/, "$2 $1"))
      .filter(Boolean);
    parsed.functions.push(`static ${type} ${called}(${list.join(", ") || "void"}) ${statements(body)}`);
  }
  return parsed;
}

function constantOf(module: string, name: string, type: string, value: string): string[] {
  const [, size, list] = /^memory\.data(?:\((\d+)(?:, 16)?\)|<u8>\(\[([^\]]*)\]\))$/.exec(value) ?? [];
  if (size !== undefined || list !== undefined) {
    const bytes = list === undefined ? `static u8 ${name}_[${size}]` : `static const u8 ${name}_[]`;
    return [
      `${bytes} __attribute__((aligned(16)))${list === undefined ? "" : ` = {${list}}`};`,
      `#define ${name} ((usize)${name}_)`,
    ].reverse();
  }
  const isPlace = module === "layout" && type === "usize" && !/_(SIZE|STRIDE)$/.test(name);
  return [`#define ${name} ((${type})(${isPlace ? "MEMORY + " : ""}${expression(value)}))`];
}

function statements(body: string): string {
  return expression(body)
    .replace(/\b(?:const|let) (\w+): (\w+) =(?=\s)/g, "$2 $1 =")
    .replace(/\b(?:const|let) (\w+) =(?=\s)/g, "__auto_type $1 =");
}

function expression(text: string): string {
  return text
    .replace(/\b(load|store|bswap)<(u\d+)>\(/g, "$1_$2(")
    .replace(/\b(v128|i8x16|i32x4|i64x2|memory)\.(\w+)/g, "$1_$2")
    .replace(/<(u8|u16|u32|u64|i32|usize)>/g, "($1)");
}

function head(text: string): string {
  return text.slice(0, text.indexOf("{")).trim();
}
