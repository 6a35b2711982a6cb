/** What the orchestrator is started with, out of the settings. */
import type { NpmConfig } from "../../npm/config.ts";
import { FangsError } from "../../protocol/errors.ts";
import type { RulesInForce } from "../../server/services.ts";
import type { OrchestratorOptions } from "../../server/start.ts";
import { credentialsIn } from "./bucket.ts";
import type { Environment, SettingValue, USED_BY } from "./table.ts";

type Values = { [Name in (typeof USED_BY)["up"][number]]: SettingValue<Name> } & {
  [Name in "runner-listen" | "runner-routes"]?: SettingValue<Name>;
};

/** @throws FangsError usage where settings do not go together */
export function serverOptions(
  values: Omit<Values, "runner-id" | "docker" | "image" | "concurrency" | "grace">,
  rules: RulesInForce,
  npm: NpmConfig,
  env: Environment,
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
    ...tracesIn(values.traces, env),
    retention: { days: values["retention-days"], maxBytes: values["retention-max-bytes"] },
    rules,
    npm,
    requestsPerSecond: values["rate-limit"],
    traceLimit: values["trace-limit"] * 1024 * 1024,
    ...(values["poll-interval"] === 0
      ? {}
      : { polling: { intervalMs: values["poll-interval"], rate: values["poll-rate"], ...feedOf(values) } }),
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

/** @throws FangsError usage where there are no credentials */
function tracesIn(bucket: Values["traces"], env: Environment): Pick<OrchestratorOptions, "traces"> {
  return bucket === undefined ? {} : { traces: { ...bucket, credentials: credentialsIn(env) } };
}

/** @throws FangsError usage for a feed whose address is none, or globs without a feed */
function feedOf(
  values: Pick<Values, "changes-feed" | "feed-packages" | "feed-except">,
): Pick<NonNullable<OrchestratorOptions["polling"]>, "feed"> {
  const url = values["changes-feed"];
  const globs = (text: string | undefined): string[] => (text ?? "").split(/[\s,]+/).filter((glob) => glob !== "");
  const [packages, except] = [globs(values["feed-packages"]), globs(values["feed-except"])];
  if (url === undefined) {
    if (packages.length + except.length === 0) return {};
    throw new FangsError("usage", "feed-packages and feed-except say nothing without changes-feed.", {
      hint: "Name the feed with --changes-feed <url>.",
    });
  }
  if (/^https?:\/\/[^\s@]+$/.test(url) && URL.canParse(url)) return { feed: { url, packages, except } };
  throw new FangsError("usage", "The setting changes-feed is not an http(s) address.", {
    hint: "It is the address of the feed itself, which often ends in /_changes.",
  });
}
