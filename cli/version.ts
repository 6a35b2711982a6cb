import type { CommandDef } from "citty";
import { jsonArgs, leaf } from "./command.ts";
import { VERSION } from "./manifest.ts";
import { printJson } from "./output.ts";

export const command: CommandDef = leaf({
  args: { ...jsonArgs },
  run: ({ args, terminal }) => {
    if (args.json) printJson(terminal, "fangs.version/1", {});
    else terminal.out(`fangs ${VERSION}\n`);
  },
});
