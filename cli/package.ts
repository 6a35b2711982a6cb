import type { CommandDef } from "citty";
import { SEVERITIES, type Severity } from "../protocol/facts.ts";
import type { PackageDetail } from "../protocol/models.ts";
import { usage } from "./arguments.ts";
import { group } from "./command.ts";
import { pairs, printJson, printLines, table, time } from "./output.ts";
import { given } from "./paging.ts";
import { safe } from "./safe.ts";
import { seenLines, watchRows } from "./package-watch.ts";
import { serverLeaf } from "./server-command.ts";
import { parseCount, parseDuration } from "./values.ts";

const nameArg = { type: "positional", required: true, description: "The npm name." } as const;

const add = serverLeaf({
  description: "Watch a package, and seed its baseline from its latest releases.",
  args: {
    name: nameArg,
    seed: { type: "string", valueHint: "number", description: "How many releases, 0 to 20. Default: 3." },
  },
  run: async ({ args, client, terminal }) => {
    const seed = args.seed === undefined ? undefined : parseCount(args.seed);
    const added = await client.addPackage({ name: args.name, ...given({ seed }) });
    if (args.json) return printJson(terminal, "fangs.package/1", { package: added });
    const seeds = added.seeds.map(({ version }) => version).join(", ");
    const seeding = added.seeding ? `; its baseline is being seeded from ${seeds}` : "";
    printLines(terminal, [safe(`${added.name} is watched${seeding}`)]);
  },
});

const list = serverLeaf({
  description: "List the watched packages.",
  args: {},
  run: async ({ args, client, terminal }) => {
    const { packages } = await client.packages();
    if (args.json) return printJson(terminal, "fangs.packages/1", { packages });
    if (packages.length === 0) return terminal.err("No packages. Add one with `fangs package add <name>`.\n");
    const rows = packages.map((found) => [
      found.name,
      found.seeding ? "seeding" : found.maturity.toLocaleString("en"),
      found.fingerprints.toLocaleString("en"),
      time(found.created_at),
    ]);
    printLines(terminal, table(COLUMNS, rows));
  },
});

const show = serverLeaf({
  description: "Show a package: what the watcher saw, its baselines, its seeding, its own severities.",
  args: { name: nameArg },
  run: async ({ args, client, terminal }) => {
    const found = await client.package(args.name);
    if (args.json) printJson(terminal, "fangs.package/1", { package: found });
    else printLines(terminal, [...packageLines(found), ...seenLines(found.seen)]);
  },
});

const set = serverLeaf({
  description: "Choose whether a package is watched and how often, and severities of its own.",
  args: {
    name: nameArg,
    severity: {
      type: "string",
      valueHint: "category=severity",
      description: "E.g. net_new_dns=high, or net_new_dns=default to take it back; can be repeated.",
    },
    watch: { type: "enum", options: ["on", "off"], description: "Look for new releases, or do not." },
    interval: {
      type: "string",
      valueHint: "time",
      description: "How often, e.g. 10m; or default: as the server's --poll-interval says.",
    },
  },
  run: async ({ args, all, client, terminal }) => {
    const severities = Object.fromEntries(all("severity").map(parseSeverity));
    const interval_ms =
      args.interval === undefined ? undefined : args.interval === "default" ? null : parseDuration(args.interval);
    const watch = given({ enabled: args.watch === undefined ? undefined : args.watch === "on", interval_ms });
    const settings = {
      ...(Object.keys(severities).length > 0 ? { severities } : {}),
      ...(Object.keys(watch).length > 0 ? { watch } : {}),
    };
    if (Object.keys(settings).length === 0)
      throw usage("Nothing is to be set.", "fangs package set", "Give --severity, --watch or --interval.");
    const changed = await client.setPackage(args.name, settings);
    if (args.json) printJson(terminal, "fangs.package/1", { package: changed });
    else printLines(terminal, packageLines(changed));
  },
});

const reset = serverLeaf({
  description: "Forget the baseline of a package; `fangs package add` seeds another one.",
  args: {
    name: nameArg,
    reason: { type: "string", valueHint: "text", required: true, description: "Why; it is kept." },
  },
  run: async ({ args, client, terminal }) => {
    await client.resetPackage(args.name, args.reason);
    if (args.json) printJson(terminal, "fangs.reset/1", { name: args.name });
    else printLines(terminal, [`${safe(args.name)} has no baseline any more`]);
  },
});

const remove = serverLeaf({
  description: "Stop watching a package.",
  args: { name: nameArg },
  run: async ({ args, client, terminal }) => {
    await client.removePackage(args.name);
    if (args.json) printJson(terminal, "fangs.removed/1", { name: args.name });
    else printLines(terminal, [`${safe(args.name)} is no longer watched`]);
  },
});

export const command: CommandDef = group({ add, list, show, set, reset, remove });

// --- internal ---

const COLUMNS = [
  { title: "PACKAGE" },
  { title: "VERSIONS", right: true },
  { title: "BEHAVIOURS", right: true },
  { title: "SINCE" },
];

function parseSeverity(text: string): [string, Severity | null] {
  const [, category = "", word = ""] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  const severity = SEVERITIES.find((one) => one === word);
  if (severity !== undefined) return [category, severity];
  if (word === "default") return [category, null];
  throw usage(
    `"${text}" is not a category and a severity.`,
    "fangs package set",
    `Write for example net_new_dns=high; a severity is ${SEVERITIES.join(", ")}, or default.`,
  );
}

function packageLines(found: PackageDetail): string[] {
  const ended = found.seeds.filter(({ state }) => ["done", "failed", "cancelled"].includes(state)).length;
  const seeded = found.seeds.filter(({ verdict }) => verdict === "seeded").length;
  const progress = found.seeding
    ? `${ended} of ${found.seeds.length} ended`
    : `${seeded} of ${found.seeds.length} seeded`;
  const own = Object.entries(found.severities).map(([category, severity]) => `${category}=${severity}`);
  const lines = pairs([
    ["package", found.name],
    ["known", `since ${time(found.created_at)}`],
    ...watchRows(found.watch),
    ["seeding", found.seeds.length === 0 ? "-" : progress],
    ["severities", own.length === 0 ? "-" : own.join(", ")],
  ]);
  if (found.baselines.length === 0) lines.push("", "It has no baseline yet.");
  else {
    const rows = found.baselines.map((one) => [one.node_major, one.maturity, one.fingerprints].map(String));
    const titles = ["NODE.JS", "VERSIONS", "BEHAVIOURS"];
    lines.push(
      "",
      ...table(
        titles.map((title) => ({ title, right: true })),
        rows,
      ),
    );
  }
  if (found.seeds.length === 0) return lines;
  const seeds = found.seeds.map((seed) => [seed.version, seed.verdict ?? seed.state, seed.run_id, seed.reason ?? ""]);
  const titles = ["SEED", "VERDICT", "RUN", "WHY"];
  return [
    ...lines,
    "",
    ...table(
      titles.map((title) => ({ title })),
      seeds,
    ),
  ];
}
