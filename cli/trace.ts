import type { CommandDef } from "citty";
import { FangsError } from "../protocol/errors.ts";
import { jsonArgs, leaf } from "./command.ts";

export const command: CommandDef = leaf({
  args: {
    ...jsonArgs,
    command: { type: "positional", valueHint: "command…", description: "What to run, behind `--`." },
  },
  run: () => {
    throw new FangsError("internal", "not wired yet");
  },
});
