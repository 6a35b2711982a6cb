import type { CommandDef } from "citty";
import { FangsError } from "../protocol/errors.ts";
import { leaf } from "./command.ts";

export const command: CommandDef = leaf({
  args: {
    server: { type: "string", valueHint: "url", description: "The server to work for." },
    "runner-id": { type: "string", valueHint: "name", description: "The name of this runner; else the host's." },
    image: { type: "string", valueHint: "name", description: "The sandbox image." },
    concurrency: { type: "string", valueHint: "number", default: "1", description: "How many runs at a time." },
    "data-dir": { type: "string", valueHint: "path", description: "Where everything is kept; else FANGS_DATA_DIR." },
  },
  run: () => {
    throw new FangsError("internal", "not wired yet");
  },
});
