import type { CommandDef } from "citty";
import { SEVERITIES } from "../protocol/facts.ts";
import { type Notification, NOTIFY_ON, type NotifyOn, TEMPLATES } from "../protocol/notifiers.ts";
import { FangsError } from "../protocol/errors.ts";
import { group } from "./command.ts";
import { attemptLines, columnsOfHistory, columnsOfList, historyRow, listRow, notifierLines } from "./notifier-view.ts";
import { printJson, printLines, table, tellMore } from "./output.ts";
import { collect, given } from "./paging.ts";
import { safe } from "./safe.ts";
import { serverLeaf } from "./server-command.ts";
import { parseLimit } from "./values.ts";

/** The exit code of a test that did not arrive. */
const NOT_DELIVERED = 1;

const settings = {
  template: { type: "enum" as const, options: [...TEMPLATES], description: "The form of the message." },
  "secret-env": {
    type: "string" as const,
    valueHint: "name",
    description: "Variable of the server's environment with the key of the signature.",
  },
  "min-severity": {
    type: "enum" as const,
    options: [...SEVERITIES],
    description: "Of a deviant run, the least that is told.",
  },
  on: {
    type: "string" as const,
    valueHint: "what",
    description: `What is told, with commas or repeated: ${NOTIFY_ON.join(", ")}.`,
  },
  header: {
    type: "string" as const,
    valueHint: "name: value",
    description: "A header; can be repeated. ${FANGS_NOTIFY_…} stands for a variable of the server's environment.",
  },
  "allow-http": { type: "boolean" as const, description: "Take a connection that is not encrypted." },
  "allow-address": {
    type: "string" as const,
    valueHint: "range",
    description: "An address or range that is not public, and may be connected to; can be repeated.",
  },
};

const nameArg = { type: "positional", required: true, description: "Its name." } as const;

const add = serverLeaf({
  description: "Add a notifier: deviant, inconclusive and failed runs are told from now on.",
  args: {
    name: { type: "string", required: true, description: "What it is called." },
    url: {
      type: "string",
      required: true,
      description:
        "https://…, file:/…, syslog+tls://host:port, …; or env:FANGS_NOTIFY_… for one in the server's environment.",
    },
    ...settings,
  },
  run: async ({ args, all, client, terminal }) => {
    const notifier = await client.addNotifier({ name: args.name, url: args.url, ...changes(args, all) });
    for (const name of notifier.missing_env) terminal.err(`${safe(name)} is not set in the server's environment.\n`);
    if (args.json) printJson(terminal, "fangs.notifier/1", { notifier });
    else printLines(terminal, [`${notifier.name} is told; try it with \`fangs notifier test ${notifier.name}\``]);
  },
});

const set = serverLeaf({
  description: "Change a notifier; what is not named stays. An empty value takes a secret, headers or addresses away.",
  args: {
    name: nameArg,
    url: { type: "string", description: "Where it sends to." },
    ...settings,
    enabled: { type: "boolean", description: "Off: nothing is queued or sent until it is on again." },
  },
  run: async ({ args, all, client, terminal }) => {
    const { url, enabled } = args;
    const secret = args["secret-env"] === "" ? { secret_env: null } : {};
    const wanted = { ...changes(args, all), ...secret, ...given({ url, enabled }) };
    if (Object.keys(wanted).length === 0) {
      throw new FangsError("usage", "Nothing is to be changed.", { hint: "See `fangs notifier set --help`." });
    }
    const notifier = await client.setNotifier(args.name, wanted);
    if (args.json) printJson(terminal, "fangs.notifier/1", { notifier });
    else printLines(terminal, notifierLines(notifier));
  },
});

const list = serverLeaf({
  description: "List the notifiers. What may be secret in an address is not shown.",
  args: {},
  run: async ({ args, client, terminal }) => {
    const { notifiers } = await client.notifiers();
    if (args.json) return printJson(terminal, "fangs.notifiers/1", { notifiers });
    if (notifiers.length === 0) return terminal.err("Nobody is told.\n");
    printLines(terminal, table(columnsOfList, notifiers.map(listRow)));
  },
});

const show = serverLeaf({
  description: "Show a notifier.",
  args: { name: nameArg },
  run: async ({ args, client, terminal }) => {
    const notifier = await client.notifier(args.name);
    if (args.json) printJson(terminal, "fangs.notifier/1", { notifier });
    else printLines(terminal, notifierLines(notifier));
  },
});

const test = serverLeaf({
  description: "Send a test as every message is sent, and show what the receiver answered.",
  args: { name: nameArg },
  run: async ({ args, client, terminal }) => {
    const notification = await client.testNotifier(args.name);
    if (args.json) printJson(terminal, "fangs.notification/1", { notification });
    else printLines(terminal, [`${notification.notifier}: ${notification.state}`, ...attemptLines(notification)]);
    return notification.state === "delivered" ? 0 : NOT_DELIVERED;
  },
});

const history = serverLeaf({
  description: "List what was sent and what is to be sent, the newest first.",
  args: {
    run: { type: "string", valueHint: "id", description: "Only on this run, with every attempt." },
    notifier: { type: "string", valueHint: "name", description: "Only to this notifier." },
    limit: { type: "string", valueHint: "number", default: "100", description: "How many at most." },
  },
  run: async ({ args, client, terminal }) => {
    const { run, notifier } = args;
    const { items, next } = await collect<Notification, string>(parseLimit(args.limit), async (limit, before) => {
      const page = await client.notifications({ limit, ...given({ run, notifier, before }) });
      return { items: page.notifications, next: page.next };
    });
    if (args.json) {
      return printJson(terminal, "fangs.notifications/1", { notifications: items, more: next !== null });
    }
    if (items.length === 0) return terminal.err("Nothing was sent.\n");
    printLines(terminal, table(columnsOfHistory, items.map(historyRow)));
    if (run !== undefined) {
      for (const item of items) printLines(terminal, ["", safe(item.notifier), ...attemptLines(item)]);
    }
    tellMore(terminal, next);
  },
});

const remove = serverLeaf({
  description: "Remove a notifier; what is queued for it is not sent.",
  args: { name: nameArg },
  run: async ({ args, client, terminal }) => {
    await client.removeNotifier(args.name);
    if (args.json) printJson(terminal, "fangs.removed/1", { removed: 1 });
    else printLines(terminal, [`${safe(args.name)} is told no longer`]);
  },
});

export const command: CommandDef = group({ add, list, show, set, test, history, remove });

// --- internal ---

interface Given {
  template?: (typeof TEMPLATES)[number] | undefined;
  "secret-env"?: string | undefined;
  "min-severity"?: (typeof SEVERITIES)[number] | undefined;
  "allow-http"?: boolean | undefined;
}

/** What the flags that `add` and `set` share ask for. */
function changes(args: Given, all: (name: "on" | "header" | "allow-address") => string[]) {
  const [on, headers, addresses] = [all("on"), all("header"), all("allow-address")];
  return given({
    template: args.template,
    secret_env: args["secret-env"] || undefined,
    min_severity: args["min-severity"],
    on: on.length === 0 ? undefined : parseOn(on),
    headers: headers.length === 0 ? undefined : parseHeaders(headers),
    allow_http: args["allow-http"],
    allow_addresses: addresses.length === 0 ? undefined : addresses.filter((address) => address !== ""),
  });
}

function parseOn(words: readonly string[]): NotifyOn[] {
  const named = new Set(words.flatMap((word) => word.split(",")).map((word) => word.trim()));
  const known = NOTIFY_ON.filter((on) => named.delete(on));
  const [unknown] = named;
  if (unknown === undefined) return known;
  throw new FangsError("usage", `"${unknown}" is nothing that is told.`, { hint: `One of: ${NOTIFY_ON.join(", ")}.` });
}

function parseHeaders(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines
      .filter((line) => line !== "")
      .map((line) => {
        const [, name, value] = /^([^:\s]+):\s*(.*)$/s.exec(line) ?? [];
        if (name !== undefined && value !== undefined) return [name, value];
        throw new FangsError("usage", "A header is written as `name: value`.", {
          hint: 'For example --header "Authorization: Splunk ${FANGS_NOTIFY_HEC}".',
        });
      }),
  );
}
