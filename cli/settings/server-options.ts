/** What the orchestrator is started with, out of the settings. */
import type { OrchestratorOptions } from "../../server/start.ts";
import type { RulesInForce } from "../../server/services.ts";
import type { Resolved } from "./resolve.ts";
import type { USED_BY } from "./table.ts";

export function serverOptions(
  values: Resolved<(typeof USED_BY)["serve"][number]>["values"],
  rules: RulesInForce,
): OrchestratorOptions {
  const { store } = values;
  return {
    dataDir: values["data-dir"],
    listen: values.listen,
    hosts: values.hosts,
    ...(store === undefined ? {} : { store }),
    rules,
    requestsPerSecond: values["rate-limit"],
    traceLimit: values["trace-limit"] * 1024 * 1024,
    ...(values["poll-interval"] === 0
      ? {}
      : { polling: { intervalMs: values["poll-interval"], rate: values["poll-rate"] } }),
    drainMs: values.drain,
    drainDelayMs: values["drain-delay"],
  };
}
