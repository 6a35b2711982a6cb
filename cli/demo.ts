import type { CommandDef } from "citty";
import { FangsError } from "../protocol/errors.ts";
import { leaf } from "./command.ts";

export const command: CommandDef = leaf({
  args: {},
  run: () => {
    throw new FangsError("internal", "not wired yet");
  },
});
