/** The plain form: JSON for programs. Its first seven fields are those of fangs v1. */
import { oneLine } from "../text.ts";
import { chainOf, commandsOf, type Message } from "../message.ts";

/** Characters of one value; the whole value is in the run. */
const VALUE = 2000;

/** One object on one line: JSON escapes what would break it. */
export function generic(message: Message): unknown {
  const { run, deviations } = message;
  return {
    source: "fangs",
    run_id: run.id,
    package_name: run.package,
    version: run.version,
    max_severity: message.maxSeverity,
    deviation_count: message.deviationCount,
    deviations: deviations.map((deviation) => ({
      id: deviation.id,
      category: deviation.category,
      value: oneLine(deviation.value, VALUE),
      severity: deviation.severity,
      actor: oneLine(deviation.actor, VALUE),
      chain: chainOf(deviation),
      drift: deviation.drift,
      rejected_before: deviation.rejected_before,
      other_packages: deviation.other_packages,
      evidence: {
        phase: deviation.evidence.phase,
        observed: oneLine(deviation.evidence.observed, VALUE),
        result: oneLine(deviation.evidence.result, 64),
        count: deviation.evidence.count,
        processes: commandsOf(deviation).map((command) => oneLine(command, 300)),
      },
    })),
    schema: "fangs.notification/1",
    notification_id: message.id,
    event: message.on,
    verdict: run.verdict,
    reason: run.reason === null ? null : oneLine(run.reason, VALUE),
    drift_count: message.driftCount,
    deviations_omitted: message.deviationCount - deviations.length,
    created_at: new Date(message.at).toISOString(),
    link: message.link,
  };
}
