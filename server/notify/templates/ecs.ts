/** The Elastic Common Schema: one alert of a run; the most severe deviation in ECS's own fields, all of them below `fangs`. */
import type { Severity } from "../../../protocol/facts.ts";
import type { Deviation } from "../../../protocol/models.ts";
import { type Artifact, artifactOf, fileName } from "../artifact.ts";
import { categoryTitle, chainOf, commandsOf, headline, type Message } from "../message.ts";
import { oneLine } from "../text.ts";

/** The numbers that Elastic's own alerts have. */
const SEVERITY_NUMBERS: Readonly<Record<Severity, number>> = { low: 21, medium: 47, high: 73, critical: 99 };
const LIMIT = 2000;

export function ecs(message: Message): unknown {
  const { run, deviations, link, on, maxSeverity } = message;
  const [worst] = deviations;
  const artifacts = deviations.map(artifactOf);
  const at = new Date(message.at).toISOString();
  return {
    "@timestamp": at,
    ecs: { version: "9.4.0" },
    message: oneLine(headline(message), 300),
    tags: ["fangs", on],
    event: {
      kind: "alert",
      category: categories(worst),
      type: ["info"],
      id: message.id,
      action: `release-${on}`,
      module: "fangs",
      dataset: "fangs.notification",
      provider: "fangs",
      created: at,
      ...(run.started_at === null ? {} : { start: new Date(run.started_at).toISOString() }),
      ...(run.ended_at === null ? {} : { end: new Date(run.ended_at).toISOString() }),
      ...(maxSeverity === null ? {} : { severity: SEVERITY_NUMBERS[maxSeverity] }),
      ...(run.reason === null ? {} : { reason: oneLine(run.reason, LIMIT) }),
      ...(link === null ? {} : { url: link }),
    },
    observer: { vendor: "fangs", product: "fangs", type: "sandbox" },
    package: { name: run.package, version: run.version, type: "npm" },
    ...(worst === undefined ? {} : ofDeviation(worst)),
    related: related(artifacts),
    fangs: {
      run_id: run.id,
      verdict: run.verdict,
      max_severity: maxSeverity,
      deviation_count: message.deviationCount,
      drift_count: message.driftCount,
      deviations_omitted: message.deviationCount - deviations.length,
      deviations: deviations.map((deviation) => ({
        id: deviation.id,
        category: deviation.category,
        value: oneLine(deviation.value, LIMIT),
        severity: deviation.severity,
        actor: oneLine(deviation.actor, LIMIT),
        chain: chainOf(deviation),
        drift: deviation.drift,
        phase: deviation.evidence.phase,
        observed: oneLine(deviation.evidence.observed, LIMIT),
        processes: commandsOf(deviation).map((command) => oneLine(command, 300)),
      })),
    },
  };
}

// --- internal ---

function ofDeviation(deviation: Deviation): object {
  const { file, question, host, ip, port } = artifactOf(deviation);
  const hasEndpoint = host !== undefined || ip !== undefined;
  const acting = deviation.evidence.processes.at(-1);
  const parent = deviation.evidence.processes.at(-2);
  return {
    rule: {
      id: deviation.category,
      name: categoryTitle(deviation.category),
      category: deviation.category.split("_", 1)[0],
      ruleset: "fangs",
    },
    ...(acting === undefined
      ? {}
      : { process: { ...processOf(acting), ...(parent === undefined ? {} : { parent: processOf(parent) }) } }),
    ...(file === undefined ? {} : { file: { path: file, name: fileName(file) } }),
    ...(question === undefined ? {} : { dns: { type: "query", question: { name: question } } }),
    ...(hasEndpoint
      ? {
          destination: {
            address: host ?? ip,
            ...(host === undefined ? {} : { domain: host }),
            ...(ip === undefined ? {} : { ip }),
            ...(port === undefined ? {} : { port }),
          },
        }
      : {}),
    ...(deviation.category === "net_new_https_host" ? { tls: { client: { server_name: host } } } : {}),
    ...(deviation.category === "net_new_http_host" ? { url: { domain: host } } : {}),
  };
}

function processOf({ pid, binary, argv, cwd }: Deviation["evidence"]["processes"][number]): object {
  const executable = oneLine(binary, LIMIT);
  return {
    pid,
    name: fileName(executable),
    executable,
    args: argv.slice(0, 50).map((word) => oneLine(word, 300)),
    args_count: argv.length,
    command_line: oneLine(argv.join(" "), 1000),
    working_directory: oneLine(cwd, LIMIT),
  };
}

/** A release is a package; what it did besides is of one of these. `info` is a type of all of them. */
function categories(deviation: Deviation | undefined): string[] {
  const kind = deviation?.category.split("_", 1)[0] ?? "";
  const also: Readonly<Record<string, string>> = {
    net: "network",
    ipc: "process",
    fs: "file",
    persist: "file",
    cred: "file",
    proc: "process",
    sys: "process",
  };
  const named = also[kind];
  return named === undefined ? ["package"] : ["package", named];
}

/** What an analyst pivots on, of all deviations. */
function related(artifacts: readonly Artifact[]): object {
  const hosts = unique(artifacts.flatMap(({ host, question }) => [host, question]));
  const ips = unique(artifacts.map(({ ip }) => ip));
  return { ...(hosts.length === 0 ? {} : { hosts }), ...(ips.length === 0 ? {} : { ip: ips }) };
}

function unique(texts: readonly (string | undefined)[]): string[] {
  return [...new Set(texts.filter((text) => text !== undefined))];
}
