import type { ArgsDef, CommandDef } from "citty";
import { hintOf } from "./arguments.ts";
import { resolve } from "./command.ts";

/** What is known of one command: for its help, and for the reference. */
export interface Manual {
  /** E.g. `fangs scan submit`. */
  line: string;
  description: string;
  /** The first line of its help, behind the words of the line. */
  synopsis: string;
  positionals: Row[];
  flags: Row[];
  commands: Row[];
}
/** A term and what it means. */
export type Row = readonly [term: string, meaning: string];

/** Reads a command's definition. */
export async function manual(command: CommandDef, line: string): Promise<Manual> {
  const meta = await resolve(command.meta);
  const args: ArgsDef = (await resolve(command.args)) ?? {};
  const commands: Row[] = [];
  for (const [name, child] of Object.entries((await resolve(command.subCommands)) ?? {}))
    commands.push([name, (await resolve((await resolve(child))?.meta))?.description ?? ""]);
  const parts: string[] = commands.length === 0 ? [] : Object.keys(args).length === 0 ? ["<command>"] : ["[<command>]"];
  const positionals: Row[] = [];
  const flags: Row[] = [];
  for (const [name, arg] of Object.entries(args)) {
    const hint = arg.type === "boolean" ? "" : ` <${hintOf(name, arg)}>`;
    if (arg.type === "positional") {
      positionals.push([hint.trim(), arg.description ?? ""]);
      parts.push(arg.required === false ? `[${hint.trim()}]` : hint.trim());
    } else {
      const fallback = arg.default === undefined ? "" : ` Default: ${arg.default}.`;
      flags.push([`--${name}${hint}`, `${arg.description ?? ""}${fallback}`]);
      if (arg.required === true) parts.push(`--${name}${hint}`);
    }
  }
  if (flags.length > 0) parts.push("[flags]");
  return { line, description: meta?.description ?? "", synopsis: parts.join(" "), positionals, flags, commands };
}

/** The help of a command, as `--help` prints it. */
export function usageText(page: Manual): string {
  const builtIn: Row[] = [["-h, --help", "Print this help."]];
  if (page.line === "fangs") builtIn.push(["-v, --version", "Print the version."]);
  const sections = [
    page.description,
    `Usage: ${page.line} ${page.synopsis}`,
    section("Commands:", page.commands),
    section("Arguments:", page.positionals),
    section("Flags:", [...page.flags, ...builtIn]),
    page.commands.length > 0 ? `\`${page.line} <command> --help\` tells more of a command.` : "",
  ];
  return `${sections.filter((text) => text !== "").join("\n\n")}\n`;
}

function section(title: string, rows: readonly Row[]): string {
  if (rows.length === 0) return "";
  const width = Math.max(...rows.map(([term]) => term.length));
  return [title, ...rows.map(([term, meaning]) => `  ${term.padEnd(width)}  ${meaning}`.trimEnd())].join("\n");
}
