/** What the orchestrator is started with, out of the settings. */
import { FangsError } from "../../protocol/errors.ts";
import type { RulesInForce } from "../../server/services.ts";
import type { OrchestratorOptions } from "../../server/start.ts";
import type { SettingValue, USED_BY } from "./table.ts";

type Values = { [Name in (typeof USED_BY)["up"][number]]: SettingValue<Name> } & {
  [Name in "runner-listen" | "runner-routes"]?: SettingValue<Name>;
};

/** @throws FangsError usage where settings do not go together */
export function serverOptions(
  values: Omit<Values, "runner-id" | "image" | "concurrency">,
  rules: RulesInForce,
): OrchestratorOptions {
  const { store, "public-url": publicUrl, "notify-dir": filesDir } = values;
  return {
    dataDir: values["data-dir"],
    listen: values.listen,
    hosts: values.hosts,
    insecure: values.insecure,
    ...tlsOf(values),
    ...runnersOf(values),
    ...(store === undefined ? {} : { store }),
    rules,
    requestsPerSecond: values["rate-limit"],
    traceLimit: values["trace-limit"] * 1024 * 1024,
    ...(values["poll-interval"] === 0
      ? {}
      : { polling: { intervalMs: values["poll-interval"], rate: values["poll-rate"] } }),
    notify: {
      ...(publicUrl === undefined ? {} : { publicUrl }),
      ...(filesDir === undefined ? {} : { filesDir }),
    },
    drainMs: values.drain,
    drainDelayMs: values["drain-delay"],
  };
}

// --- internal ---

type TlsValues = Pick<Values, "tls-cert" | "tls-key" | "tls-ca">;

function tlsOf({ "tls-cert": cert, "tls-key": key, "tls-ca": ca }: TlsValues): Pick<OrchestratorOptions, "tls"> {
  if (cert !== undefined && key !== undefined) return { tls: { cert, key, ...(ca === undefined ? {} : { ca }) } };
  // An authority alone is for the commands that talk to a server.
  if (cert === undefined && key === undefined) return {};
  throw new FangsError("usage", "A certificate and its key go together.", { hint: "Give --tls-cert and --tls-key." });
}

function runnersOf(values: Pick<Values, "runner-listen" | "runner-routes">): Pick<OrchestratorOptions, "runners"> {
  const { "runner-listen": address, "runner-routes": where } = values;
  const only = where === "runner-listen";
  if (address !== undefined) return { runners: { listen: address, only } };
  if (!only) return {};
  throw new FangsError("usage", "Runners would be served nowhere.", { hint: "Give --runner-listen, too." });
}
