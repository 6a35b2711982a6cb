import type { CommandDef } from "citty";
import { group, jsonArgs, leaf } from "./command.ts";
import { printJson, printLines } from "./output.ts";
import { safe } from "./safe.ts";

const build = leaf({
  description: "Make the sandbox image, without any container registry.",
  args: {
    ...jsonArgs,
    "from-host": { type: "boolean", description: "Take node, npm and the shell of this host (for tests)." },
    tag: { type: "string", valueHint: "name", description: "What to call the image." },
  },
  async run({ args, terminal }) {
    const { makeImage } = await import("../runner/start.ts");
    const image = await makeImage({
      from: args["from-host"] ? "host" : "packages",
      ...(args.tag ? { tag: args.tag } : {}),
      tell: (line) => terminal.err(`${safe(line)}\n`),
    });
    if (args.json) printJson(terminal, "fangs.image/1", { ...image });
    else printLines(terminal, [`${image.id} node ${image.node} npm ${image.npm}`]);
  },
});

export const command: CommandDef = group({ build });
