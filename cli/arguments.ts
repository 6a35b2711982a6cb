import type { ArgDef, ArgsDef } from "citty";
import { FangsError } from "../protocol/errors.ts";
import { nearest } from "./nearest.ts";

/**
 * Checks the words behind a command strictly and returns them in the one form that citty reads without
 * surprise: every flag as `--name=value`, then `--`, then the positionals.
 *
 * Accepted: `--flag value`, `--flag=value`, the same with one dash, `--boolean`, `--boolean=false`, and flags
 * in any order. A string flag can be repeated (see `repeated`); elsewhere its last value counts.
 * A last positional whose valueHint ends in `…` takes all that is left.
 *
 * @throws FangsError usage
 */
export function checkArguments(args: ArgsDef, words: readonly string[], line: string): string[] {
  const { flags, positionals } = split(args, words, line);
  checkPositionals(args, positionals, line);
  for (const [name, arg] of Object.entries(args)) {
    const given = flags.some((flag) => flag.startsWith(`--${name}=`));
    if (arg.type !== "positional" && arg.required === true && !given)
      throw usage(`\`${line}\` needs --${name}.`, line, `Add \`--${name} <${hintOf(name, arg)}>\`.`);
  }
  return positionals.length === 0 ? flags : [...flags, "--", ...positionals];
}

/** Every value of a flag that was given several times, out of what `checkArguments` returned. */
export function repeated(rawArgs: readonly string[], name: string): string[] {
  const end = rawArgs.indexOf("--");
  const prefix = `--${name}=`;
  const flags = end < 0 ? rawArgs : rawArgs.slice(0, end);
  return flags.filter((word) => word.startsWith(prefix)).map((word) => word.slice(prefix.length));
}

/** What a value is called in usage texts. */
export function hintOf(name: string, arg: ArgDef): string {
  if (arg.type === "enum" && arg.options !== undefined) return arg.options.join("|");
  return arg.valueHint ?? name;
}

/** A flag, as opposed to a value or a lone `-`. */
export function isFlag(word: string): boolean {
  return word.length > 1 && word.startsWith("-");
}

/** A usage error that points to the help of the command. */
export function usage(message: string, line: string, hint?: string): FangsError {
  const help = `See \`${line} --help\`.`;
  return new FangsError("usage", message, { hint: hint === undefined ? help : `${hint} ${help}` });
}

// --- internal ---

function split(args: ArgsDef, words: readonly string[], line: string): { flags: string[]; positionals: string[] } {
  const flags: string[] = [];
  const positionals: string[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!;
    if (word === "--") {
      positionals.push(...words.slice(index + 1));
      break;
    }
    if (!isFlag(word)) {
      positionals.push(word);
      continue;
    }
    const [, written = "", attached] = /^--?([^=]*)(?:=(.*))?$/s.exec(word) ?? [];
    const name = findFlag(args, written, line);
    const arg = args[name]!;
    if (arg.type === "boolean") {
      flags.push(`--${name}=${checkBoolean(name, attached ?? "true", line)}`);
      continue;
    }
    const value = attached ?? words[++index];
    if (value === undefined || (attached === undefined && isFlag(value))) throw missingValue(name, arg, value, line);
    checkOption(name, arg, value, line);
    flags.push(`--${name}=${value}`);
  }
  return { flags, positionals };
}

function findFlag(args: ArgsDef, written: string, line: string): string {
  const names: string[] = [];
  for (const [name, arg] of Object.entries(args)) {
    if (arg.type === "positional") continue;
    if (name === written) return name;
    names.push(name);
  }
  const meant = nearest(written, [...names, "help"]);
  const hint = isVariadic(args)
    ? "If it belongs to the command, put `--` before it."
    : meant && `Did you mean --${meant}?`;
  throw usage(`\`${line}\` has no flag --${written}.`, line, hint);
}

/** Whether the last positional takes all that is left. */
function isVariadic(args: ArgsDef): boolean {
  const last = Object.values(args).findLast(({ type }) => type === "positional");
  return last?.valueHint?.endsWith("…") === true;
}

function checkBoolean(name: string, value: string, line: string): string {
  if (value === "true" || value === "false") return value;
  throw usage(
    `--${name} is on or off and takes no value such as "${value}".`,
    line,
    `Write --${name} or --${name}=false.`,
  );
}

function checkOption(name: string, arg: ArgDef, value: string, line: string): void {
  if (arg.type !== "enum" || arg.options === undefined || arg.options.includes(value)) return;
  const meant = nearest(value, arg.options);
  const choices = `One of: ${arg.options.join(", ")}.`;
  throw usage(
    `--${name} cannot be "${value}".`,
    line,
    meant === undefined ? choices : `Did you mean ${meant}? ${choices}`,
  );
}

function missingValue(name: string, arg: ArgDef, next: string | undefined, line: string): FangsError {
  const hint = next === undefined ? undefined : `If "${next}" is the value, write \`--${name}=${next}\`.`;
  return usage(`--${name} needs a value: \`--${name} <${hintOf(name, arg)}>\`.`, line, hint);
}

function checkPositionals(args: ArgsDef, given: readonly string[], line: string): void {
  const wanted = Object.entries(args).filter(([, arg]) => arg.type === "positional");
  const missing = wanted[given.length];
  if (missing !== undefined && missing[1].required !== false && missing[1].default === undefined) {
    const [name, arg] = missing;
    throw usage(
      `\`${line}\` needs <${hintOf(name, arg)}>.`,
      line,
      arg.description === undefined ? undefined : `It is: ${arg.description}`,
    );
  }
  const extra = given[wanted.length];
  if (extra === undefined || isVariadic(args)) return;
  const names = Object.keys(args).filter((name) => args[name]?.type !== "positional");
  const meant = nearest(extra, names);
  throw usage(
    `\`${line}\` does not take "${extra}".`,
    line,
    meant === undefined ? undefined : `Did you mean --${meant}?`,
  );
}
