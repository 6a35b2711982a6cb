import type { ArgsDef, CommandDef } from "citty";
import type { Client } from "../protocol/client.ts";
import { connect } from "./client.ts";
import { type Definition, type Invocation, jsonArgs, leaf } from "./command.ts";

/** The flags of every command that talks to the server. */
export const serverArgs = {
  ...jsonArgs,
  server: {
    type: "string",
    valueHint: "url",
    description: "The server; else FANGS_SERVER, else http://127.0.0.1:8443.",
  },
  token: { type: "string", description: "Other users of this host can see it: prefer FANGS_TOKEN." },
  "data-dir": {
    type: "string",
    valueHint: "path",
    description: "Where the token of a local server lies; else FANGS_DATA_DIR.",
  },
} as const satisfies ArgsDef;

/** A command that talks to the server; an interruption ends it wherever it waits. */
export function serverLeaf<const T extends ArgsDef>(
  definition: Definition<T, Invocation<T & typeof serverArgs> & { client: Client }>,
): CommandDef {
  return leaf<T & typeof serverArgs>({
    ...definition,
    args: { ...definition.args, ...serverArgs },
    run: async (invocation) => {
      const { interrupted } = invocation.terminal;
      interrupted.throwIfAborted();
      const client = await connect(invocation.args, invocation.terminal);
      const interruption = Promise.withResolvers<never>();
      const interrupt = (): void => interruption.reject(interrupted.reason);
      interrupted.addEventListener("abort", interrupt, { once: true });
      try {
        return await Promise.race([definition.run({ ...invocation, client }), interruption.promise]);
      } finally {
        interrupted.removeEventListener("abort", interrupt);
      }
    },
  });
}
