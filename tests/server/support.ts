/** A server to try: real store, routes and socket; a registry of three packages and a small analysis of its own. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { configureLog } from "../../log/log.ts";
import type { Manifest } from "../../npm/packument.ts";
import type { RegistryClient } from "../../npm/registry.ts";
import { type Client, createClient } from "../../protocol/client.ts";
import { FangsError } from "../../protocol/errors.ts";
import type { Category } from "../../protocol/facts.ts";
import type { Lease, Run, RunResult } from "../../protocol/models.ts";
import { concatRecords, decodeRecord, encodeRecord } from "../../protocol/trace-codec.ts";
import { TraceCursor } from "../../protocol/trace.ts";
import type { AnalysisInput, AnalysisOutput, NewDeviation } from "../../server/analysis/types.ts";
import { type RunningServer, type ServerOptions, startServer } from "../../server/app.ts";
import { createFreshTraces } from "../../server/fresh-traces.ts";
import { createGate } from "../../server/gate.ts";
import { keptTarballs } from "../../server/kept-tarballs.ts";
import { watchClock } from "../../server/clock.ts";
import { createMetrics } from "../../server/metrics.ts";
import { notifySettings } from "../../server/notify/settings.ts";
import { NO_RULES } from "../../server/operator-rules-file.ts";
import { createPulse } from "../../server/pulse.ts";
import type { Analysis, Services } from "../../server/services.ts";
import { createSignal } from "../../server/signal.ts";
import { inDatabase } from "../../server/traces/traces.ts";
import { dropStoreOf, newStore, storeOf } from "../stores/stores.ts";

// Most tests are refused something, and mean it.
configureLog({ level: "error" });

export function temporaryFolder(): { path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "fangs-server-"));
  return {
    path,
    [Symbol.dispose]() {
      rmSync(path, { recursive: true, force: true });
      void dropStoreOf(path);
    },
  };
}

/** Knows lodash, @types/node and axios, each in 0.9.0, 1.0.0, 1.1.0 and 2.0.0-rc.1. */
export const testRegistry: RegistryClient = {
  async packument(name) {
    if (!["lodash", "@types/node", "axios"].includes(name)) {
      throw new FangsError("package_not_found", `The registry has no package ${name}.`);
    }
    const manifest = (version: string): Manifest => ({
      name,
      version,
      dist: { tarball: "http://registry.test/x.tgz" },
    });
    return {
      name,
      "dist-tags": { latest: "1.1.0" },
      versions: Object.fromEntries(
        ["1.0.0", "2.0.0-rc.1", "0.9.0", "1.1.0"].map((version) => [version, manifest(version)]),
      ),
    };
  },
  tarball: () => Promise.reject(new Error("no test needs a tarball")),
};

/**
 * Each path opened is a fingerprint; a path the baseline lacks is a deviation unless it is allowed. `/leak/…` is a leak,
 * with or without a baseline.
 */
export const testAnalysis: Analysis = {
  analyse({ segments, baseline, result, allow, severities }: AnalysisInput): AnalysisOutput {
    const paths = openedPaths(segments);
    const known = new Set(baseline?.map((entry) => entry.value));
    const fingerprints = [...new Set(paths)].map((value) => ({
      actor: "import",
      category: categoryOf(value),
      value,
      count: paths.filter((path) => path === value).length,
      first: paths.indexOf(value),
    }));
    const fresh = fingerprints.filter(({ category, value }) =>
      baseline === null ? category === "canary_leak" : !known.has(value),
    );
    const allowed = fresh.flatMap((behaviour) => {
      const entry = allow.findIndex(
        ({ kind, value, actor }) =>
          kind === "path" && behaviour.value.startsWith(value) && (actor ?? behaviour.actor) === behaviour.actor,
      );
      return behaviour.category === "canary_leak" || entry < 0 ? [] : [{ ...behaviour, entry }];
    });
    const deviations = fresh
      .filter(({ value }) => !allowed.some((one) => one.value === value))
      .map(({ category, value, first }) => deviation(category, value, first, severities));
    const verdict =
      result.status !== "complete"
        ? "inconclusive"
        : deviations.length > 0
          ? "deviant"
          : baseline === null
            ? "seeded"
            : "clean";
    const reason = verdict === "clean" ? null : `it is ${verdict}`;
    return { verdict, reason, fingerprints, deviations, allowed, rules: 1 };
  },
  listEvents({ segments }, { after = -1, limit = 100 }) {
    const all = openedPaths(segments).map((summary, event) => ({
      event,
      time_ms: 0,
      phase: "install",
      process: 1,
      actor: "import",
      type: "open",
      summary,
      result: "ok",
    }));
    const events = all.filter(({ event }) => event > after).slice(0, limit);
    const last = events.at(-1);
    return { events, next: last === undefined || last.event === all.length - 1 ? null : last.event };
  },
  processTree: () => [
    {
      process: 1,
      parent: null,
      pid: 10,
      actor: "import",
      phase: "install",
      binary: "/usr/bin/node",
      argv: ["node"],
      cwd: "/",
      started_ms: 0,
      ended_ms: 1,
      exit: "0",
      tallies: { open: 1 },
    },
  ],
};

export interface TestServer extends RunningServer, AsyncDisposable {
  folder: string;
  admin: Client;
  runner: Client;
  tokens: { admin: string; runner: string };
}

/** A server on any free port; in a folder of its own unless one is given. */
export async function startTestServer(options: Partial<ServerOptions> = {}): Promise<TestServer> {
  const own = options.dataDir === undefined ? temporaryFolder() : undefined;
  const folder = options.dataDir ?? own!.path;
  const server = await startServer({
    dataDir: folder,
    listen: { hostname: "127.0.0.1", port: 0 },
    registry: testRegistry,
    ...testAnalysis,
    store: await storeOf(folder),
    ...options,
  }).catch((error: unknown) => {
    own?.[Symbol.dispose]();
    throw error;
  });
  const token = (name: string) => readFileSync(join(folder, `${name}-token`), "utf8").trim();
  const tokens = { admin: token("admin"), runner: token("runner") };
  const admin = createClient({ url: server.url, token: tokens.admin });
  admins.set(folder, admin);
  return {
    ...server,
    folder,
    tokens,
    admin,
    runner: createClient({ url: server.url, token: tokens.runner }),
    async [Symbol.asyncDispose]() {
      await server.stop();
      own?.[Symbol.dispose]();
    },
  };
}

/** The operations without a socket, on a store in memory, with a clock that stands still until it is moved. */
export async function testServices(changes: Partial<Services> = {}): Promise<Services & { clock: { now: number } }> {
  const db = await newStore();
  const clock = { now: 1_000_000 };
  return {
    db,
    traces: inDatabase,
    retention: { days: 90, maxBytes: 0 },
    gate: createGate(db, () => clock.now),
    mostSegments: 1000,
    registry: testRegistry,
    analysis: testAnalysis,
    metrics: createMetrics(),
    pulse: createPulse(),
    jobs: createSignal(),
    watching: createSignal(),
    tarballs: keptTarballs(join(tmpdir(), `fangs-tarballs-${crypto.randomUUID()}`)),
    fresh: createFreshTraces(),
    leaseMs: 30_000,
    backoffMs: [1000, 5000],
    controlMs: 300_000,
    rules: NO_RULES,
    notify: notifySettings({ filesDir: "/nonexistent" }),
    analysing: new Map(),
    stopping: new AbortController().signal,
    now: () => clock.now,
    // Moved by tests: time passes, nobody sets the clock.
    clockWatch: watchClock(
      () => clock.now,
      () => clock.now,
    ),
    clock,
    ...changes,
  };
}

export const registration = {
  name: "runner-1",
  modes: ["registry" as const],
  image: "fangs-sandbox",
  probes: ["open"],
  concurrency: 1,
  version: "2.0.0",
};

/** Submits a scan and leases its run. */
export async function leaseOne(
  server: Pick<TestServer, "admin" | "runner">,
  name = "lodash",
  version = "1.0.0",
): Promise<Lease> {
  await server.admin.submitScan({ package: name, version });
  return leaseNext(server);
}

/** A whole run: these paths opened, in one segment. */
export async function completeRun(
  server: TestServer,
  paths: string[],
  options: { package?: string; version?: string; control?: string[] } & Ending = {},
): Promise<Run> {
  const run = await finishRun(server, await leaseOne(server, options.package, options.version), paths, options);
  if (run.state !== "controlling") return run;
  const report = {
    ...result(1),
    ...(options.node_version === undefined ? {} : { node_version: options.node_version }),
  };
  return completeControl(server, run, segment(options.control ?? []), report);
}

type Ending = Partial<Pick<RunResult, "status" | "node_version">>;

/** Ends a leased run: these paths opened, in one segment. */
export async function finishRun(
  server: Pick<TestServer, "runner">,
  lease: Lease,
  paths: string[],
  { status = "complete", node_version = "22.0.0" }: Ending = {},
): Promise<Run> {
  await server.runner.putSegment(lease.run_id, lease.lease, 0, segment(paths));
  return server.runner.putResult(lease.run_id, lease.lease, { ...result(1), status, node_version });
}

/** The next job there is. */
export async function leaseNext(server: Pick<TestServer, "runner">): Promise<Lease> {
  await server.runner.registerRunner(registration);
  const lease = await server.runner.lease({ runner: registration.name, wait_ms: 0 });
  if (lease === undefined) throw new Error("there was no job");
  return lease;
}

/** Runs the control that a run waits for; answers with that run, which waits no longer. */
export async function completeControl(
  server: Pick<TestServer, "admin" | "runner">,
  run: Run,
  trace: Uint8Array<ArrayBuffer>,
  report: RunResult = result(1),
): Promise<Run> {
  const lease = await leaseNext(server);
  if ((await server.admin.run(lease.run_id)).control_of !== run.id) {
    throw new Error(`there was no control run of ${run.id}`);
  }
  await server.runner.putSegment(lease.run_id, lease.lease, 0, trace);
  await server.runner.putResult(lease.run_id, lease.lease, report);
  return server.admin.run(run.id);
}

/** A compressed segment of open records. */
export function segment(paths: string[]): Uint8Array<ArrayBuffer> {
  const records = paths.map((path) =>
    encodeRecord({ record: "open", process: 1, path: new TextEncoder().encode(path) }),
  );
  return new Uint8Array(Bun.zstdCompressSync(concatRecords(records)));
}

export function result(segments: number): RunResult {
  const environment = {
    project: "/project",
    home: "/home/node",
    registry: { address: "172.30.0.2", port: 4873 },
    resolver: { address: "172.30.0.2", port: 53 },
    decoys: [],
  };
  const versions = { image: "fangs-sandbox", node_version: "22.0.0", npm_version: "10.0.0" };
  return {
    status: "complete",
    reason: null,
    phases: [],
    losses: [],
    segments,
    events: 1,
    environment,
    network: "registry",
    ...versions,
    started_at: 1,
    ended_at: 2,
  };
}

/** A token of any scope, of the server that was started in a folder. */
export async function mint(
  folder: string,
  scope: "read" | "triage" | "runner" | "admin",
  name: string = `test-${scope}`,
): Promise<string> {
  // Not by a second connection in this process: while one waits for the other's lock, both stand still.
  const admin = admins.get(folder);
  if (admin === undefined) throw new Error(`no server was started in ${folder}`);
  return (await admin.createToken({ scope, name })).secret;
}

const admins = new Map<string, Client>();

/** The code of the FangsError that a promise ends with. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "no error";
  } catch (error) {
    return error instanceof FangsError ? error.code : `not a FangsError: ${String(error)}`;
  }
}

// --- internal ---

function openedPaths(segments: Uint8Array[]): string[] {
  const paths: string[] = [];
  for (const bytes of segments) {
    const cursor = new TraceCursor(bytes);
    while (cursor.next()) {
      const record = decodeRecord(cursor);
      if (record?.record === "open") paths.push(new TextDecoder().decode(record.path));
    }
  }
  return paths;
}

function categoryOf(path: string): Category {
  return path.startsWith("/leak/") ? "canary_leak" : "fs_new_path_read";
}

function deviation(
  category: Category,
  value: string,
  event: number,
  severities: AnalysisInput["severities"],
): NewDeviation {
  const evidence = { event, time_ms: 1, phase: "install", observed: value, result: "ok", count: 1, processes: [] };
  const severity = severities[category] ?? (/secret|leak/.test(value) ? "critical" : "low");
  return { actor: "import", category, value, severity, chain: null, step: null, drift: false, evidence };
}
