import type { CommandDef } from "citty";
import { FangsError } from "../protocol/errors.ts";
import { leaf } from "./command.ts";

export const command: CommandDef = leaf({
  args: {
    listen: { type: "string", valueHint: "host:port", default: "127.0.0.1:8443", description: "Where to listen." },
    "data-dir": { type: "string", valueHint: "path", description: "Where everything is kept; else FANGS_DATA_DIR." },
    store: {
      type: "string",
      valueHint: "url",
      description: "The database, e.g. sqlite:/path; else one in the data directory.",
    },
  },
  run: () => {
    throw new FangsError("internal", "not wired yet");
  },
});
