import type { CommandDef } from "citty";
import { FangsError } from "../protocol/errors.ts";
import { jsonArgs, leaf } from "./command.ts";

export const command: CommandDef = leaf({
  args: {
    ...jsonArgs,
  },
  run: () => {
    throw new FangsError("internal", "not wired yet");
  },
});
