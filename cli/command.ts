import { type ArgsDef, type CommandDef, defineCommand, type ParsedArgs, parseArgs, runCommand } from "citty";
import { repeated } from "./arguments.ts";
import type { Terminal } from "./terminal.ts";

/** What a command gets to run with. */
export interface Invocation<T extends ArgsDef> {
  args: ParsedArgs<T>;
  /** Every value of a flag that can be repeated. */
  all(name: string & keyof T): string[];
  terminal: Terminal;
}

export interface Definition<T extends ArgsDef, I> {
  description?: string;
  args: T;
  /** Returns the exit code; nothing means 0. */
  run(invocation: I): Promise<number | void> | number | void;
}

export const jsonArgs = {
  json: { type: "boolean", description: "Print one JSON object instead of text." },
} as const satisfies ArgsDef;

/** A command. Its description may be left out where the command table has one. */
export function leaf<const T extends ArgsDef>(definition: Definition<T, Invocation<T>>): CommandDef {
  return defineCommand<ArgsDef>({
    meta: definition.description === undefined ? {} : { description: definition.description },
    args: definition.args,
    // Parsed again for its type: citty's own context has forgotten which flags there are.
    run: ({ rawArgs, data }) =>
      definition.run({
        args: parseArgs<T>(rawArgs, definition.args),
        all: (name) => repeated(rawArgs, name),
        terminal: data,
      }),
  });
}

/** Commands under one noun. */
export function group(subCommands: Record<string, CommandDef>): CommandDef {
  return defineCommand<ArgsDef>({ subCommands });
}

/** A command whose file is loaded when it is run or its help is asked for, and not before. */
export function lazy(description: string, load: () => Promise<{ command: CommandDef }>): CommandDef {
  const loaded = async (): Promise<CommandDef> => (await load()).command;
  return defineCommand<ArgsDef>({
    meta: { description },
    args: async () => (await resolve((await loaded()).args)) ?? {},
    subCommands: async () => (await resolve((await loaded()).subCommands)) ?? {},
    run: async ({ rawArgs, data }) => (await runCommand(await loaded(), { rawArgs, data })).result,
  });
}

/** The value of what citty accepts as a value, a promise, or a function that makes one. */
export async function resolve<T>(
  value: T | Promise<T> | (() => T) | (() => Promise<T>) | undefined,
): Promise<T | undefined> {
  return isMaker(value) ? value() : value;
}

function isMaker<T>(value: T | (() => T)): value is () => T {
  return typeof value === "function";
}
