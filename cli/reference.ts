import type { CommandDef } from "citty";
import { ERRORS, EXIT } from "../protocol/errors.ts";
import { resolve } from "./command.ts";
import { root } from "./commands.ts";
import { manual, type Row } from "./usage.ts";

/** docs/cli.md, made from the command tree: `bun cli/reference.ts > docs/cli.md`. */
export async function reference(): Promise<string> {
  const sections = await sectionsOf(root, "fangs");
  return `${[HEAD, ...sections, exitCodes()].join("\n\n")}\n`;
}

// --- internal ---

const HEAD = `# The command line

stdout is data, stderr is for people. \`--json\` prints one JSON object with \`schema\` and \`version\`; an error is then
a problem object on stderr. A flag is written \`--flag value\` or \`--flag=value\`, with one dash or two. Unknown flags and
commands are refused. Ids can be shortened to a unique beginning. \`NO_COLOR\` turns colours off, \`FANGS_DEBUG=1\` shows
where an error came from.

The server is the one that \`--server\` or \`FANGS_SERVER\` names, else http://127.0.0.1:8443; the token is \`FANGS_TOKEN\`,
else for a server on this host the file \`admin-token\` in its data directory (\`FANGS_DATA_DIR\`, else /var/lib/fangs for
root and the XDG data directory for others).`;

async function sectionsOf(command: CommandDef, line: string): Promise<string[]> {
  const page = await manual(command, line);
  const children = Object.entries((await resolve(command.subCommands)) ?? {});
  const own =
    children.length === 0 || page.flags.length > 0
      ? [
          `## ${line}`,
          page.description,
          `\`\`\`\n${line} ${page.synopsis}`.trimEnd() + "\n```",
          rows([...page.positionals, ...page.flags]),
        ]
      : [];
  const below: string[] = [];
  for (const [name, child] of children) {
    const found = await resolve(child);
    if (found !== undefined) below.push(...(await sectionsOf(found, `${line} ${name}`)));
  }
  return [...own.filter((text) => text !== ""), ...below];
}

function rows(entries: readonly Row[]): string {
  if (entries.length === 0) return "";
  const lines = entries.map(
    ([term, meaning]) => `| \`${term.replaceAll("|", "\\|")}\` | ${meaning.replaceAll("|", "\\|")} |`,
  );
  return ["| argument | meaning |", "|---|---|", ...lines].join("\n");
}

const MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  clean: "clean: nothing new, or only below `--fail-on`",
  deviant: "deviations at or above `--fail-on`",
  usage: "usage or configuration",
  undecided: "could not decide: inconclusive, failed, or something that is needed does not answer; outranks 1",
  pending: "still pending at `--timeout`",
  internal: "a defect in fangs",
  interrupted: "interrupted",
};

function exitCodes(): string {
  const lines = Object.entries(EXIT).map(([name, code]) => {
    const errors = Object.entries(ERRORS).filter(([, { exit }]) => exit === code);
    return `| ${code} | ${MEANINGS[name as keyof typeof EXIT]} | ${errors.map(([error]) => `\`${error}\``).join(", ")} |`;
  });
  return ["## Exit codes", "", "| code | meaning | error codes |", "|---|---|---|", ...lines].join("\n");
}

if (import.meta.main) process.stdout.write(await reference());
