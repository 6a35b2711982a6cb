import type { CommandDef } from "citty";
import { TOKEN_SCOPES } from "../protocol/models.ts";
import type { Token } from "../protocol/tokens.ts";
import { group } from "./command.ts";
import { printJson, printLines, table, tellMore, time } from "./output.ts";
import { collect, given } from "./paging.ts";
import { safe } from "./safe.ts";
import { serverLeaf } from "./server-command.ts";
import { parseDuration, parseLimit } from "./values.ts";

const create = serverLeaf({
  description: "Make a token. It is printed this once; the server keeps its hash only.",
  args: {
    scope: {
      type: "enum",
      options: [...TOKEN_SCOPES],
      required: true,
      description: "What it may: look; decide, too; do runs; everything.",
    },
    name: { type: "string", valueHint: "name", description: "Who it is for: the actor in the audit trail." },
    expires: { type: "string", valueHint: "time", description: "For how long, e.g. 90d; else until it is revoked." },
    runner: { type: "string", valueHint: "name", description: "The only runner that it speaks for." },
  },
  run: async ({ args, client, terminal }) => {
    const token = await client.createToken({
      scope: args.scope,
      ...given({ name: args.name, runner: args.runner }),
      ...(args.expires === undefined ? {} : { expires_at: Date.now() + parseDuration(args.expires) }),
    });
    if (args.json) return printJson(terminal, "fangs.token-created/1", { token });
    // The secret alone on stdout: TOKEN=$(fangs token create …)
    printLines(terminal, [token.secret]);
    const end = token.expires_at === null ? "until it is revoked" : `until ${time(token.expires_at)}`;
    terminal.err(`${safe(token.name)} may ${token.scope}, ${end} (${token.id}). It is not shown again.\n`);
  },
});

const list = serverLeaf({
  description: "List the tokens, the newest first, without their secrets.",
  args: {
    all: { type: "boolean", description: "Those that are revoked or expired, too." },
    limit: { type: "string", valueHint: "number", default: "100", description: "How many at most." },
  },
  run: async ({ args, client, terminal }) => {
    const { items, next } = await collect<Token, string>(parseLimit(args.limit), async (limit, before) => {
      const page = await client.tokens({ limit, ...given({ all: args.all || undefined, before }) });
      return { items: page.tokens, next: page.next };
    });
    if (args.json) return printJson(terminal, "fangs.token-list/1", { tokens: items, more: next !== null });
    const rows = items.map((token) => [
      token.id,
      token.name,
      token.scope,
      token.runner ?? "-",
      time(token.created_at),
      token.last_used === null ? "never" : time(token.last_used),
      endOf(token),
    ]);
    printLines(terminal, table(COLUMNS, rows));
    tellMore(terminal, next);
  },
});

const revoke = serverLeaf({
  description: "Revoke a token: it and every session that came from it end at once.",
  args: { id: { type: "positional", required: true, description: "The id, or a part that fits one only." } },
  run: async ({ args, client, terminal }) => {
    const token = await client.revokeToken(args.id);
    if (args.json) printJson(terminal, "fangs.token/1", { token });
    else printLines(terminal, [`${safe(token.name)} is revoked`]);
  },
});

export const command: CommandDef = group({ create, list, revoke });

// --- internal ---

const COLUMNS = ["TOKEN", "NAME", "SCOPE", "RUNNER", "MADE", "LAST USED", "ENDS"].map((title) => ({ title }));

function endOf({ revoked_at, expires_at }: Token): string {
  if (revoked_at !== null) return `revoked ${time(revoked_at)}`;
  if (expires_at === null) return "never";
  return `${time(expires_at)}${expires_at <= Date.now() ? " (over)" : ""}`;
}
