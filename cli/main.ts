import { type CommandDef, runCommand } from "citty";
import { ERRORS, EXIT, type FangsError, toFangsError } from "../protocol/errors.ts";
import type { Problem } from "../protocol/models.ts";
import { checkArguments, isFlag, usage } from "./arguments.ts";
import { resolve } from "./command.ts";
import { root } from "./commands.ts";
import { VERSION } from "./manifest.ts";
import { nearest } from "./nearest.ts";
import { safe } from "./safe.ts";
import type { Terminal } from "./terminal.ts";
import { manual, usageText } from "./usage.ts";

/**
 * Runs one command line and returns its exit code (see EXIT). Never throws: what goes wrong is one sentence and
 * a hint on stderr, or with --json a problem object.
 */
export async function main(argv: readonly string[], terminal: Terminal): Promise<number> {
  try {
    return await run(argv, terminal);
  } catch (thrown) {
    const { aborted, reason } = terminal.interrupted;
    // Any other error while stopping is one to be told.
    if (aborted && thrown === reason) return EXIT.interrupted;
    return report(toFangsError(thrown), argv, terminal);
  }
}

async function run(argv: readonly string[], terminal: Terminal): Promise<number> {
  const { command, line, words, isGroup } = await find(argv);
  if (isGiven(words, /^(-h|--?help)$/)) {
    terminal.out(usageText(await manual(command, line)));
    return EXIT.clean;
  }
  if (command === root && /^(-v|--?version)$/.test(words[0] ?? "")) {
    terminal.out(`fangs ${VERSION}\n`);
    return EXIT.clean;
  }
  if (isGroup) {
    if (words[0] !== undefined) throw usage(`\`${line}\` has no flag ${words[0]}.`, line, "Flags follow the command.");
    terminal.err(usageText(await manual(command, line)));
    return EXIT.usage;
  }
  const rawArgs = checkArguments((await resolve(command.args)) ?? {}, words, line);
  const { result } = await runCommand(command, { rawArgs, data: terminal });
  return typeof result === "number" ? result : EXIT.clean;
}

interface Found {
  command: CommandDef;
  /** The words that led to the command, e.g. `fangs run list`. */
  line: string;
  /** What follows them. */
  words: readonly string[];
  isGroup: boolean;
}

async function find(argv: readonly string[]): Promise<Found> {
  let command = root;
  let line = "fangs";
  let words = argv;
  for (;;) {
    const children = (await resolve(command.subCommands)) ?? {};
    const word = words[0];
    if (Object.keys(children).length === 0 || word === undefined || isFlag(word)) {
      // A command that has flags of its own does something without another word, too.
      const isGroup = Object.keys(children).length > 0 && Object.keys((await resolve(command.args)) ?? {}).length === 0;
      return { command, line, words, isGroup };
    }
    const child = Object.hasOwn(children, word) ? await resolve(children[word]) : undefined;
    if (child === undefined) {
      const meant = nearest(word, Object.keys(children));
      throw usage(`\`${line}\` has no command "${word}".`, line, meant && `Did you mean \`${line} ${meant}\`?`);
    }
    command = child;
    line += ` ${word}`;
    words = words.slice(1);
  }
}

/** Whether a word before `--` is this flag. */
function isGiven(words: readonly string[], flag: RegExp): boolean {
  const end = words.indexOf("--");
  return words.slice(0, end < 0 ? words.length : end).some((word) => flag.test(word));
}

function report(error: FangsError, argv: readonly string[], terminal: Terminal): number {
  const { exit, status, title } = ERRORS[error.code];
  if (isGiven(argv, /^--?json(=true)?$/)) {
    const problem: Problem = { type: "about:blank", title, status, code: error.code, detail: error.message };
    if (error.hint !== undefined) problem.hint = error.hint;
    terminal.err(`${JSON.stringify(problem)}\n`);
  } else {
    terminal.err(`fangs: ${safe(error.message)}\n`);
    if (error.hint !== undefined) terminal.err(`hint: ${safe(error.hint)}\n`);
  }
  if (terminal.env["FANGS_DEBUG"] === "1")
    terminal.err(
      `${Bun.inspect(error)
        .split("\n")
        .map((line) => safe(line))
        .join("\n")}\n`,
    );
  return exit;
}
