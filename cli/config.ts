import type { CommandDef } from "citty";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { FangsError } from "../protocol/errors.ts";
import { group, jsonArgs, leaf } from "./command.ts";
import { dataDirectory } from "./data-directory.ts";
import { count, printJson, printLines } from "./output.ts";
import { safe } from "./safe.ts";

const check = leaf({
  description: "Check a rules file without using it.",
  args: {
    file: { type: "positional", required: false, description: "The file; else rules.yaml in the data directory." },
    "data-dir": { type: "string", valueHint: "path", description: "Where the server keeps its data." },
    ...jsonArgs,
  },
  async run({ args, terminal }) {
    const { RULES_FILE, readRules } = await import("../server/rules-file.ts");
    const file = args.file ?? join(dataDirectory(args["data-dir"], terminal.env), RULES_FILE);
    if (!existsSync(file)) {
      throw new FangsError("not_found", `There is no ${file}.`, {
        hint: "A server without it has no rules; docs/rules.md says how to write one.",
      });
    }
    const { normalize } = readRules(file);
    if (args.json) return printJson(terminal, "fangs.rules/1", { file, normalize });
    const rules = normalize.map(({ id, match, as }) => safe(`  ${id}: ${match} → ${as}`));
    printLines(terminal, [`${safe(file)}: ${count(normalize.length, "rule")}`, ...rules]);
  },
});

export const command: CommandDef = group({ check });
