/** The typed client of the orchestrator's API, used by the CLI and by runners. */
import type { Static, TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { fits } from "./fits.ts";
import { AuditPage, type AuditQuery, AuditRecord } from "./audit.ts";
import { ERRORS, type ErrorCode, FangsError } from "./errors.ts";
import {
  AllowEntry,
  Baseline,
  Deviation,
  Lease,
  type LeaseRequest,
  PackageDetail,
  Problem,
  Run,
  RunDetail,
  type RunnerRegistration,
  type RunResult,
  Scan,
  type ScanRequest,
} from "./models.ts";
import { HuntPage, type HuntQuery } from "./hunt.ts";
import {
  Notification,
  NotificationPage,
  type NotificationQuery,
  Notifier,
  NotifierList,
  type NotifierRequest,
  type NotifierSettings,
} from "./notifiers.ts";
import { Retention } from "./retention.ts";
import {
  type AllowImport,
  AllowImported,
  AllowPage,
  type AllowQuery,
  AllowRemoved,
  type AllowRequest,
  BaselineHistory,
  type BaselineImport,
  type BaselineQuery,
  type DecisionRequest,
  DeviationPage,
  type DeviationQuery,
  EventPage,
  type EventQuery,
  Health,
  HEADERS,
  LeaseRenewal,
  PackageList,
  type PackageRequest,
  type PackageSettings,
  type PageQuery,
  Pending,
  ProcessTree,
  Promotion,
  Reanalysis,
  Rejection,
  ReleasePage,
  RunPage,
  Runner,
  RunnerList,
  type RunQuery,
  SegmentReceipt,
  Undone,
} from "./requests.ts";
import { SignIn } from "./sign-in.ts";
import { NewToken, Token, TokenPage, type TokenQuery, type TokenRequest } from "./tokens.ts";

import { JobPage, type JobQuery, type RunnerLoad } from "./queue.ts";
import { KeptReleases } from "./watching.ts";
import { ReleaseVerdict } from "./verdicts.ts";

const DEADLINE_MS = 30_000;
/** The server analyses the run before it answers a result. */
const RESULT_DEADLINE_MS = 120_000;

export interface ClientOptions {
  /** Where the server listens, e.g. `http://127.0.0.1:8443`. */
  url: string;
  token: string;
  /** Stands in for the global fetch (tests, sockets). */
  fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

export type Client = ReturnType<typeof createClient>;

/**
 * One method per route. Each throws the FangsError that the server reported, `server_unreachable` where nothing
 * answered in time, and `internal` where the answer does not fit its model. Ids may be unique prefixes.
 */
export function createClient(options: ClientOptions) {
  const { get, post, put, remove, bytes, send } = createTransport(options);
  return {
    /** Where the server listens, without a slash at its end. */
    url: options.url.replace(/\/+$/, ""),
    health: () => get(Health, "/v1/health"),
    ready: () => get(Health, "/v1/ready"),

    submitScan: (request: ScanRequest) => post(Scan, "/v1/scans", request),
    scan: (id: string) => get(Scan, path`/v1/scans/${id}`),

    runs: (query: RunQuery = {}) => get(RunPage, `/v1/runs${search(query)}`),
    run: (id: string) => get(RunDetail, path`/v1/runs/${id}`),
    events: (id: string, query: EventQuery = {}) => get(EventPage, path`/v1/runs/${id}/events` + search(query)),
    tree: (id: string) => get(ProcessTree, path`/v1/runs/${id}/tree`),
    /** One segment as stored: zstd. */
    traceSegment: (id: string, seq: number) => bytes(path`/v1/runs/${id}/trace/${seq}`),
    /** The verdict again, by today's rules; `dry`: only what it would change. */
    reanalyseRun: (id: string, dry: boolean) => post(Reanalysis, path`/v1/runs/${id}/reanalyse`, { dry_run: dry }),
    failRun: (id: string, reason: string) => post(Run, path`/v1/runs/${id}/fail`, { reason }),
    cancelRun: (id: string, reason: string) => post(Run, path`/v1/runs/${id}/cancel`, { reason }),
    deleteRun: async (id: string, reason: string): Promise<void> =>
      void (await send(path`/v1/runs/${id}/delete`, { method: "POST", ...json({ reason }) })),
    /** A new run of the same scan. */
    retryRun: (id: string) => post(Run, path`/v1/runs/${id}/retry`),
    promoteRun: (id: string, reason: string) => post(Promotion, path`/v1/runs/${id}/promote`, { reason }),
    rejectRun: (id: string, reason: string) => post(Rejection, path`/v1/runs/${id}/reject`, { reason }),
    pending: () => get(Pending, "/v1/pending"),

    deviations: (query: DeviationQuery = {}) => get(DeviationPage, `/v1/deviations${search(query)}`),
    deviation: (id: string) => get(Deviation, path`/v1/deviations/${id}`),

    /** All of them or none. */
    promoteDeviations: (request: DecisionRequest) => post(Promotion, "/v1/deviations/promote", request),
    rejectDeviations: (request: DecisionRequest) => post(Rejection, "/v1/deviations/reject", request),

    hunt: (query: HuntQuery) => get(HuntPage, `/v1/hunt${search(query)}`),

    packages: () => get(PackageList, "/v1/packages"),
    package: (name: string) => get(PackageDetail, path`/v1/packages/${name}`),
    addPackage: (request: PackageRequest) => post(PackageDetail, "/v1/packages", request),
    setPackage: (name: string, settings: PackageSettings) => put(PackageDetail, path`/v1/packages/${name}`, settings),
    resetPackage: async (name: string, reason: string): Promise<void> =>
      void (await send(path`/v1/packages/${name}/reset`, { method: "POST", ...json({ reason }) })),
    removePackage: (name: string) => remove(path`/v1/packages/${name}`),
    /** Releases whose tarballs are kept, and one of these tarballs: for runners. */
    keptReleases: (name: string) => get(KeptReleases, path`/v1/kept/${name}`),
    keptTarball: (name: string, version: string) => bytes(path`/v1/kept/${name}/${version}`),
    releases: (name: string, query: PageQuery = {}) => get(ReleasePage, path`/v1/releases/${name}` + search(query)),

    /** Of a release; not_found where it has none yet. */
    verdict: (name: string, version: string) => get(ReleaseVerdict, path`/v1/verdict/${name}/${version}`),

    baseline: (name: string, query: BaselineQuery = {}) => get(Baseline, path`/v1/baselines/${name}` + search(query)),
    importBaseline: (name: string, baseline: BaselineImport) => put(Baseline, path`/v1/baselines/${name}`, baseline),
    rebuildBaseline: (name: string, reason: string) => post(Baseline, path`/v1/baselines/${name}/rebuild`, { reason }),
    undoBaseline: (name: string, reason: string) => post(Undone, path`/v1/baselines/${name}/undo`, { reason }),
    baselineHistory: (name: string, query: PageQuery = {}) =>
      get(BaselineHistory, path`/v1/baselines/${name}/history` + search(query)),

    allowList: (query: AllowQuery = {}) => get(AllowPage, `/v1/allow${search(query)}`),
    addAllow: (request: AllowRequest) => post(AllowEntry, "/v1/allow", request),
    importAllow: (request: AllowImport) => post(AllowImported, "/v1/allow/import", request),
    /** By id, or the name of a set that fangs came with. */
    async removeAllow(id: string): Promise<AllowRemoved> {
      return decode(AllowRemoved, await send(path`/v1/allow/${id}`, { method: "DELETE" }));
    },

    /** A code that signs in to the dashboard once. */
    signIn: () => post(SignIn, "/v1/sign-ins"),
    tokens: (query: TokenQuery = {}) => get(TokenPage, `/v1/tokens${search(query)}`),
    createToken: (request: TokenRequest) => post(NewToken, "/v1/tokens", request),
    async revokeToken(id: string): Promise<Token> {
      return decode(Token, await send(path`/v1/tokens/${id}`, { method: "DELETE" }));
    },
    audit: (query: AuditQuery = {}) => get(AuditPage, `/v1/audit${search(query)}`),
    auditEntry: (id: string) => get(AuditRecord, path`/v1/audit/${id}`),
    notifiers: () => get(NotifierList, "/v1/notifiers"),
    notifier: (name: string) => get(Notifier, path`/v1/notifiers/${name}`),
    addNotifier: (request: NotifierRequest) => post(Notifier, "/v1/notifiers", request),
    setNotifier: (name: string, settings: NotifierSettings) => put(Notifier, path`/v1/notifiers/${name}`, settings),
    removeNotifier: (name: string) => remove(path`/v1/notifiers/${name}`),
    /** Sends a test and waits for what becomes of it. */
    testNotifier: (name: string) => post(Notification, path`/v1/notifiers/${name}/test`),
    notifications: (query: NotificationQuery = {}) => get(NotificationPage, `/v1/notifications${search(query)}`),

    retention: () => get(Retention, "/v1/retention"),
    jobs: (query: JobQuery = {}) => get(JobPage, `/v1/jobs${search(query)}`),
    runners: () => get(RunnerList, "/v1/runners"),
    changeRunner: (name: string, change: "pause" | "drain" | "resume", reason: string) =>
      post(Runner, path`/v1/runners/${name}/${change}`, { reason }),
    removeRunner: (name: string, force: boolean) => remove(path`/v1/runners/${name}` + search({ force })),
    /** A runner's goodbye. */
    runnerStopped: async (name: string): Promise<void> =>
      void (await send(path`/v1/runners/${name}/stopped`, { method: "POST" })),
    registerRunner: (runner: RunnerRegistration) => put(Runner, path`/v1/runners/${runner.name}`, runner),
    /** The next job, undefined if none came within `wait_ms`. */
    async lease(request: LeaseRequest, signal?: AbortSignal): Promise<Lease | undefined> {
      const response = await send("/v1/jobs/lease", {
        method: "POST",
        ...json(request),
        deadline: request.wait_ms + DEADLINE_MS,
        ...(signal === undefined ? {} : { signal }),
      });
      return response.status === 204 ? undefined : decode(Lease, response);
    },
    heartbeat: (runId: string, lease: string, load?: RunnerLoad) =>
      post(LeaseRenewal, path`/v1/runs/${runId}/heartbeat`, load === undefined ? {} : { load }, {
        [HEADERS.lease]: lease,
      }),
    /** Gives the run to the next runner at once. */
    handBack: async (runId: string, lease: string): Promise<void> =>
      void (await send(path`/v1/runs/${runId}/hand-back`, { method: "POST", headers: { [HEADERS.lease]: lease } })),
    /** Uploads one zstd-compressed segment; doing it twice is harmless. */
    async putSegment(
      runId: string,
      lease: string,
      seq: number,
      compressed: Uint8Array<ArrayBuffer>,
    ): Promise<SegmentReceipt> {
      const sha256 = new Bun.CryptoHasher("sha256").update(compressed).digest("hex");
      const headers = { [HEADERS.lease]: lease, [HEADERS.sha256]: sha256, "content-type": "application/zstd" };
      return decode(
        SegmentReceipt,
        await send(path`/v1/runs/${runId}/trace/${seq}`, { method: "PUT", body: compressed, headers }),
      );
    },
    /** Ends the run; answers with its verdict. Doing it twice is harmless. */
    async putResult(runId: string, lease: string, result: RunResult): Promise<Run> {
      const init = { method: "POST", ...json(result, { [HEADERS.lease]: lease }), deadline: RESULT_DEADLINE_MS };
      return decode(Run, await send(path`/v1/runs/${runId}/result`, init));
    },
  };
}

// --- internal ---

interface Init {
  method: string;
  body?: string | Uint8Array<ArrayBuffer>;
  headers?: Record<string, string>;
  deadline?: number;
  signal?: AbortSignal;
}

function createTransport(options: ClientOptions) {
  const base = options.url.replace(/\/+$/, "");
  const fetcher = options.fetch ?? ((url: string, init: RequestInit) => fetch(url, init));

  async function send(target: string, init: Init): Promise<Response> {
    const { deadline = DEADLINE_MS, signal, headers, ...rest } = init;
    const timeout = AbortSignal.timeout(deadline);
    const whole = signal === undefined ? timeout : AbortSignal.any([timeout, signal]);
    const end = performance.now() + deadline;
    for (;;) {
      let response: Response;
      try {
        response = await fetcher(base + target, {
          ...rest,
          headers: { ...headers, authorization: `Bearer ${options.token}` },
          // A redirect would carry the token to somewhere else.
          redirect: "error",
          signal: whole,
        });
      } catch (cause) {
        if (signal?.aborted) throw cause;
        const why = timeout.aborted ? `did not answer within ${deadline / 1000} seconds` : "cannot be reached";
        throw unreachable(base, why, cause);
      }
      if (response.ok) return response;
      const wait = Number(response.headers.get("retry-after") ?? Number.NaN) * 1000;
      // Asked too much: what was not done can be done again once the server says so.
      if (response.status !== 429 || !(performance.now() + wait < end)) throw await problem(base, response);
      await response.body?.cancel();
      await pause(wait, signal);
    }
  }

  return {
    send,
    get: async <T extends TSchema>(model: T, target: string) => decode(model, await send(target, { method: "GET" })),
    post: async <T extends TSchema>(model: T, target: string, body?: unknown, headers?: Record<string, string>) =>
      decode(model, await send(target, { method: "POST", ...json(body, headers) })),
    put: async <T extends TSchema>(model: T, target: string, body: unknown) =>
      decode(model, await send(target, { method: "PUT", ...json(body) })),
    remove: async (target: string): Promise<void> => void (await send(target, { method: "DELETE" })),
    bytes: async (target: string) => new Uint8Array(await (await send(target, { method: "GET" })).arrayBuffer()),
  };
}

/** @throws the reason of the abort */
async function pause(ms: number, abort: AbortSignal | undefined): Promise<void> {
  const over = Promise.withResolvers<void>();
  const timer = setTimeout(over.resolve, ms);
  const stop = (): void => over.reject(abort?.reason);
  abort?.addEventListener("abort", stop, { once: true });
  try {
    await over.promise;
  } finally {
    clearTimeout(timer);
    abort?.removeEventListener("abort", stop);
  }
}

async function decode<T extends TSchema>(model: T, response: Response): Promise<Static<T>> {
  const value: unknown = await response.json().catch(() => undefined);
  if (fits(model, value)) return value;
  const where = Value.Errors(model, value).First();
  throw new FangsError(
    "internal",
    `The server's answer does not fit its model${where ? ` at ${where.path || "/"}` : ""}.`,
    {
      hint: "Server and client are probably of different versions: compare `fangs --version` on both.",
    },
  );
}

/** The error that the server reported, with its code and hint. */
async function problem(base: string, response: Response): Promise<FangsError> {
  const value: unknown = await response.json().catch(() => undefined);
  if (!fits(Problem, value)) return unreachable(base, `answered with status ${response.status} that is not its own`);
  return new FangsError(
    isCode(value.code) ? value.code : "internal",
    value.detail,
    value.hint === undefined ? {} : { hint: value.hint },
  );
}

function isCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code);
}

function unreachable(base: string, why: string, cause?: unknown): FangsError {
  return new FangsError("server_unreachable", `The server at ${base} ${why}.`, {
    cause,
    hint: "Start it with `fangs up`, or name another one with --server or FANGS_SERVER.",
  });
}

function json(
  body: unknown,
  headers: Record<string, string> = {},
): { body: string; headers: Record<string, string> } | { headers: Record<string, string>; body?: never } {
  if (body === undefined) return { headers };
  return { body: JSON.stringify(body), headers: { ...headers, "content-type": "application/json" } };
}

/** A path whose variable parts are encoded, so that a scoped name stays one part. */
function path(texts: TemplateStringsArray, ...values: (string | number)[]): string {
  return texts.reduce((out, text, i) => out + encodeURIComponent(String(values[i - 1])) + text);
}

function search(query: Record<string, string | number | boolean | undefined>): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined) parameters.set(key, String(value));
  return parameters.size === 0 ? "" : `?${parameters}`;
}
