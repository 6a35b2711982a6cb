/**
 * Every setting, once: flags, variables, the keys of fangs.yaml, docs/configuration.md and `fangs config show` come from here.
 * A flag is the setting's name with two dashes, a variable FANGS_ and the name, a key of the file the name itself.
 */
import { hostname } from "node:os";
import { LEVELS } from "../../log/log.ts";
import { dataDirectory } from "../data-directory.ts";
import { bucketUrl } from "./bucket.ts";
import { address, choice, count, duration, type Kind, list, size, text, toggle, webAddress } from "./kinds.ts";

export interface Setting<T = unknown> {
  kind: Kind<T>;
  /** What it is, in one sentence. */
  doc: string;
  /** What it is where nobody says it; in words where `fallback` is undefined or depends on the host. */
  otherwise: string;
  fallback(env: Environment): T;
  /** Its variable, where it is not FANGS_ and the name. */
  env?: string;
  /** Whether SIGHUP changes it in a running process. */
  reload?: boolean;
  /** Whether the file may have it; if not, why. */
  notInFile?: string;
  /** What of it must not be shown. */
  mask?(value: string): string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export const SETTINGS = {
  config: optional(text("path"), {
    doc: "The configuration file.",
    otherwise: "`fangs.yaml` in the data directory, else `/etc/fangs/fangs.yaml`",
    notInFile: "a file does not name itself",
  }),
  "data-dir": {
    kind: text("path"),
    doc: "Where everything is kept.",
    otherwise: "`/var/lib/fangs` as root, else `fangs` in the XDG data directory",
    fallback: (env) => dataDirectory(undefined, env),
  },
  listen: {
    kind: address,
    doc: "Where to listen.",
    otherwise: "127.0.0.1:8443",
    fallback: () => ({ hostname: "127.0.0.1", port: 8443 }),
  },
  hosts: {
    kind: list("name"),
    doc: "Names and addresses that the server is reached by, beside the one it listens on and those of its certificate.",
    otherwise: "none",
    fallback: () => [],
  },
  insecure: {
    kind: toggle,
    doc: "Listen beyond this host without TLS: whoever sees the network sees the tokens.",
    otherwise: "false",
    fallback: () => false,
  },
  "tls-cert": optional(text("path"), {
    doc: "The certificate of this server; of a runner: the one that it shows to the server.",
    otherwise: "none: no TLS",
  }),
  "tls-key": optional(text("path"), { doc: "The key of that certificate.", otherwise: "none" }),
  "tls-ca": optional(text("path"), {
    doc: "The authority that signed the runners' certificates; of a runner: the server's.",
    otherwise: "none; a runner then believes the authorities of its system",
  }),
  "runner-listen": optional(address, {
    doc: "Where to listen for runners only, who must show a certificate of --tls-ca.",
    otherwise: "nowhere",
  }),
  "runner-routes": {
    kind: choice(["everywhere", "runner-listen"]),
    doc: "Where runners are served.",
    otherwise: "everywhere",
    fallback: () => "everywhere" as const,
  },
  store: optional(text("url"), {
    doc: "The database, e.g. sqlite:/path.",
    otherwise: "`fangs.db` in the data directory",
    mask: (url) => url.replace(/^([a-z0-9+.-]+:\/\/[^/@]*?:)[^@]*@/i, "$1…@"),
  }),
  traces: optional(bucketUrl, {
    doc: "The S3-compatible bucket for traces, e.g. s3://bucket/prefix?endpoint=https://s3.example.",
    otherwise: "none: in the database",
  }),
  "retention-days": {
    kind: count(0, 36_500),
    doc: "How many days the trace of a run that ended is kept; deviations keep their evidence. 0: without end.",
    otherwise: "90",
    fallback: () => 90,
  },
  "retention-max-bytes": {
    kind: size,
    doc: "What all traces together may have, compressed, e.g. 50GB; the oldest go first. 0: any number.",
    otherwise: "0",
    fallback: () => 0,
  },
  drain: {
    kind: duration("1h"),
    doc: "How long a server that stops waits for requests in flight and analyses.",
    otherwise: "10s",
    fallback: () => 10_000,
  },
  "drain-delay": {
    kind: duration("5m"),
    doc: "How long a server that stops still takes requests while it says that it is not ready, for load balancers.",
    otherwise: "0",
    fallback: () => 0,
  },
  "rate-limit": {
    kind: count(0, 1_000_000),
    doc: "Requests a second of one token; a runner's and an address may five times as many. 0: no limit.",
    otherwise: "1000",
    fallback: () => 1000,
  },
  "trace-limit": {
    kind: count(1, 20_000),
    doc: "The most MiB that the trace of one run may have, uncompressed; a run with more fails and says so.",
    otherwise: "1024",
    fallback: () => 1024,
  },
  "poll-interval": {
    kind: duration("30d"),
    doc: "How often each watched package is looked at; 0: never.",
    otherwise: "5m",
    fallback: () => 5 * 60_000,
  },
  "poll-rate": {
    kind: count(1, 1000),
    doc: "How many requests per second go to registries to watch packages, all together and at most.",
    otherwise: "40",
    fallback: () => 40,
  },
  "public-url": optional(webAddress, {
    doc: "Where people reach the dashboard, e.g. https://fangs.example: messages of notifiers carry a link to it.",
    otherwise: "none: messages carry no link",
  }),
  "notify-dir": optional(text("path"), {
    doc: "The folder below which notifiers may write files, and nowhere else.",
    otherwise: "`notify` in the data directory",
  }),
  "changes-feed": optional(text("url"), {
    doc: "A changes feed with numeric `since` and `limit`: what it tells of is looked at at once.",
    otherwise: "none is followed",
  }),
  "feed-packages": optional(text("globs"), {
    doc: "Packages that are examined when the feed tells of them although nobody added them: globs with commas, `*` is every package.",
    otherwise: "none: the feed only hurries the watched ones",
  }),
  "feed-except": optional(text("globs"), { doc: "Packages that are not, out of these.", otherwise: "none" }),
  server: {
    kind: text("url"),
    doc: "The server to talk to.",
    otherwise: "http://127.0.0.1:8443",
    fallback: () => "http://127.0.0.1:8443",
  },
  token: optional(text("token"), {
    doc: "The token to send. Other users of the host can see flags: prefer the variable.",
    otherwise: "the token file of this host's own server",
    notInFile: "a secret belongs into FANGS_TOKEN",
    mask: () => "…",
  }),
  "runner-id": {
    kind: text("name"),
    doc: "The name of this runner.",
    otherwise: "the host's",
    fallback: () =>
      hostname()
        .replace(/[^a-zA-Z0-9._-]/g, "-")
        .slice(0, 64) || "runner",
  },
  concurrency: {
    kind: count(1, 64),
    doc: "How many runs a runner does at a time.",
    otherwise: "1",
    fallback: () => 1,
  },
  grace: {
    kind: duration("1h"),
    doc: "How long a runner that stops lets its scans go on before it hands them back to the queue.",
    otherwise: "30s",
    fallback: () => 30_000,
  },
  docker: optional(text("path"), { doc: "Docker's socket.", otherwise: "/var/run/docker.sock" }),
  image: optional(text("name"), { doc: "The sandbox image.", otherwise: "the one that fangs makes" }),
  "log-level": {
    kind: choice(LEVELS),
    doc: "The least level that is logged.",
    otherwise: "info",
    fallback: () => "info",
    env: "FANGS_LOG",
    reload: true,
  },
  "log-format": {
    kind: choice(["auto", "text", "json"]),
    doc: "How the log is written.",
    otherwise: "auto: `text` on a terminal, else `json`",
    fallback: () => "auto",
  },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof SETTINGS;

/** What a setting is once it is read. */
export type SettingValue<Name extends SettingName> = ReturnType<(typeof SETTINGS)[Name]["kind"]["parse"]>;

const PROCESS = ["config", "data-dir", "log-level", "log-format"] as const;
const TLS = ["tls-cert", "tls-key", "tls-ca"] as const;
const SERVING = [
  "listen",
  "hosts",
  "insecure",
  ...TLS,
  "store",
  "traces",
  "retention-days",
  "retention-max-bytes",
  "drain",
  "drain-delay",
  "rate-limit",
  "trace-limit",
  "poll-interval",
  "poll-rate",
  "public-url",
  "notify-dir",
  "changes-feed",
  "feed-packages",
  "feed-except",
] as const;
const RUNNING = ["runner-id", "docker", "image", "concurrency", "grace"] as const;

/** What each command takes. */
export const USED_BY = {
  serve: [...PROCESS, ...SERVING, "runner-listen", "runner-routes"],
  runner: [...PROCESS, "server", "token", ...TLS, ...RUNNING],
  up: [...PROCESS, ...SERVING, ...RUNNING],
} as const satisfies Record<string, readonly SettingName[]>;

/** A list in the file; there is no flag for it. */
interface Section {
  doc: string;
  /** The commands that take it. */
  of: string;
  /** Whether SIGHUP has it read again. */
  reload: boolean;
}

export const SECTIONS = {
  normalize: {
    doc: "The operator's rules of normalisation: `id`, `match`, `as` ([rules](rules.md)).",
    of: "serve, up",
    reload: true,
  },
  allow: {
    doc: "What is no deviation: `kind`, `value`, `note`, and where wanted `package`, `actor`, `expires` ([allow](rules.md)).",
    of: "serve, up",
    reload: true,
  },
  registries: {
    doc: "Registries beside npm's own: `name`, `url`, and where wanted `token-env`, `scopes`, `packages` ([watching](watching.md)).",
    of: "serve, runner, up",
    reload: false,
  },
} as const satisfies Record<string, Section>;

/** The variable of a setting. */
export function variableOf(name: SettingName): string {
  const { env }: Setting = SETTINGS[name];
  return env ?? `FANGS_${name.toUpperCase().replaceAll("-", "_")}`;
}

// --- internal ---

function optional<T>(kind: Kind<T>, rest: Omit<Setting<T | undefined>, "kind" | "fallback">): Setting<T | undefined> {
  return { kind, fallback: () => undefined, ...rest };
}
