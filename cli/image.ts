import type { CommandDef } from "citty";
import { FangsError } from "../protocol/errors.ts";
import { group, leaf } from "./command.ts";

const build = leaf({
  description: "Make the sandbox image.",
  args: {
    "from-host": { type: "boolean", description: "Take node and npm of this host instead of pulling an image." },
    tag: { type: "string", valueHint: "name", description: "What to call the image." },
  },
  run: () => {
    throw new FangsError("internal", "not wired yet");
  },
});

export const command: CommandDef = group({ build });
