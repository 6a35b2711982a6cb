/** OCSF 1.5: one Detection Finding (2004) of a run, its deviations as evidence. https://schema.ocsf.io/1.5.0/classes/detection_finding */
import type { Severity } from "../../../protocol/facts.ts";
import type { Deviation } from "../../../protocol/models.ts";
import { artifactOf, fileName } from "../artifact.ts";
import { categoryTitle, chainOf, commandsOf, headline, type Message } from "../message.ts";
import { oneLine } from "../text.ts";

const CLASS = 2004;
const CREATE = 1;
const SEVERITY_IDS: Readonly<Record<Severity, number>> = { low: 2, medium: 3, high: 4, critical: 5 };
const INFORMATIONAL = 1;
const UNKNOWN = 0;
const NEW = 1;
/** The analytic compares behaviour. */
const BEHAVIORAL = 2;
const LIMIT = 2000;

export function ocsf(message: Message): unknown {
  const { run, maxSeverity, on, link } = message;
  const title = oneLine(headline(message), 300);
  const severity = on === "test" ? INFORMATIONAL : maxSeverity === null ? UNKNOWN : SEVERITY_IDS[maxSeverity];
  return {
    activity_id: CREATE,
    activity_name: "Create",
    category_uid: 2,
    category_name: "Findings",
    class_uid: CLASS,
    class_name: "Detection Finding",
    type_uid: CLASS * 100 + CREATE,
    type_name: "Detection Finding: Create",
    severity_id: severity,
    severity: SEVERITY_NAMES[severity],
    status_id: NEW,
    status: "New",
    is_alert: on !== "test",
    time: message.at,
    ...(run.started_at === null ? {} : { start_time: run.started_at }),
    ...(run.ended_at === null ? {} : { end_time: run.ended_at }),
    message: title,
    metadata: {
      version: "1.5.0",
      uid: message.id,
      product: { name: "fangs", vendor_name: "fangs" },
      event_code: on,
      ...(run.reason === null ? {} : { labels: [oneLine(run.reason, LIMIT)] }),
    },
    finding_info: {
      uid: run.id,
      title,
      ...(run.reason === null ? {} : { desc: oneLine(run.reason, LIMIT) }),
      ...(link === null ? {} : { src_url: link }),
      created_time: message.at,
      types: [...new Set(message.deviations.map(({ category }) => category))],
      analytic: { type_id: BEHAVIORAL, type: "Behavioral", name: "fangs", uid: "fangs" },
    },
    resources: [
      {
        type: "npm package",
        name: run.package,
        version: run.version,
        uid: purl(run.package, run.version),
      },
    ],
    evidences: message.deviations.map(evidence),
    unmapped: {
      verdict: run.verdict,
      deviation_count: message.deviationCount,
      drift_count: message.driftCount,
      deviations_omitted: message.deviationCount - message.deviations.length,
    },
  };
}

// --- internal ---

const SEVERITY_NAMES = ["Unknown", "Informational", "Low", "Medium", "High", "Critical"];

function evidence(deviation: Deviation): unknown {
  const { file, question, host, ip, port } = artifactOf(deviation);
  const hasEndpoint = host !== undefined || ip !== undefined;
  const acting = deviation.evidence.processes.at(-1);
  const parent = deviation.evidence.processes.at(-2);
  return {
    uid: deviation.id,
    name: deviation.category,
    ...(file === undefined ? {} : { file: fileObject(file) }),
    ...(question === undefined ? {} : { query: { hostname: question } }),
    ...(hasEndpoint
      ? {
          dst_endpoint: {
            ...(host === undefined ? {} : { hostname: host }),
            ...(ip === undefined ? {} : { ip }),
            ...(port === undefined ? {} : { port }),
          },
        }
      : {}),
    ...(acting === undefined
      ? {}
      : {
          process: {
            ...processObject(acting),
            ...(parent === undefined ? {} : { parent_process: processObject(parent) }),
          },
        }),
    data: {
      title: categoryTitle(deviation.category),
      value: oneLine(deviation.value, LIMIT),
      severity: deviation.severity,
      actor: oneLine(deviation.actor, LIMIT),
      phase: deviation.evidence.phase,
      result: oneLine(deviation.evidence.result, 64),
      count: deviation.evidence.count,
      chain: chainOf(deviation),
      drift: deviation.drift,
      other_packages: deviation.other_packages,
      processes: commandsOf(deviation).map((command) => oneLine(command, 300)),
    },
  };
}

function processObject({ pid, binary, argv }: Deviation["evidence"]["processes"][number]): object {
  const path = oneLine(binary, LIMIT);
  return { pid, name: fileName(path), cmd_line: oneLine(argv.join(" "), 1000), file: fileObject(path) };
}

function fileObject(path: string): object {
  return { path, name: fileName(path), type_id: UNKNOWN, type: "Unknown" };
}

/** The package URL of a release. */
function purl(name: string, version: string): string {
  // What is not well-formed cannot be encoded.
  const encode = (part: string): string => encodeURIComponent(part.toWellFormed());
  return `pkg:npm/${name.split("/").map(encode).join("/")}@${encode(version)}`;
}
