import { Value } from "@sinclair/typebox/value";
import { main } from "../../cli/main.ts";
import type { Terminal } from "../../cli/terminal.ts";
import {
  Baseline,
  Deviation,
  type Evidence,
  type Run,
  RunDetail,
  type RunProcess,
  Scan,
} from "../../protocol/models.ts";

export const TOKEN = "fangs_admin_test";

/** What a command line left behind. */
export interface Outcome {
  exit: number;
  out: string;
  err: string;
}

/** Runs a command line in this process. */
export async function run(
  argv: readonly string[],
  env: Record<string, string> = {},
  options: Partial<Pick<Terminal, "colors" | "interrupted">> = {},
): Promise<Outcome> {
  let out = "";
  let err = "";
  const exit = await main(argv, {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    colors: { out: false, err: false },
    env,
    interrupted: new AbortController().signal,
    ...options,
  });
  return { exit, out, err };
}

/** A server whose answers a test decides; it stands for the real one, which the end-to-end tests use. */
export interface FakeServer extends AsyncDisposable {
  /** What connects the CLI to it. */
  env: Record<string, string>;
  /** `METHOD /path?query body` of every request. */
  requests: string[];
}

type Answer = unknown | ((request: Request) => unknown);

/** Answers `METHOD /path` with the JSON of a value, or what a function makes of the request. */
export function fakeServer(answers: Record<string, Answer>): FakeServer {
  const requests: string[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      const body = await request.clone().text();
      requests.push([request.method, `${pathname}${search}`, body].filter((part) => part !== "").join(" "));
      if (request.headers.get("authorization") !== `Bearer ${TOKEN}`) return problem(401, "unauthorized", "No token.");
      const answer = answers[`${request.method} ${pathname}`];
      if (answer === undefined) return problem(404, "not_found", `There is no ${pathname}.`);
      const value = typeof answer === "function" ? await answer(request) : answer;
      return value instanceof Response ? value : Response.json(value);
    },
  });
  return {
    env: { FANGS_SERVER: server.url.href, FANGS_TOKEN: TOKEN },
    requests,
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}

/** The problem+json that a server reports an error with. */
export function problem(status: number, code: string, detail: string, hint?: string): Response {
  return Response.json({ type: "about:blank", title: code, status, code, detail, hint }, { status });
}

export const EVIDENCE: Evidence = {
  event: 17,
  time_ms: 1234.5,
  phase: "install",
  observed: "/root/.npmrc",
  result: "ok",
  count: 3,
  processes: [
    { process: 1, pid: 1, binary: "/usr/bin/node", argv: ["node", "/usr/bin/npm", "install"], cwd: "/project" },
    { process: 4, pid: 40, binary: "/usr/bin/dash", argv: ["sh", "-c", "node worker.js"], cwd: "/project" },
    { process: 5, pid: 42, binary: "/usr/bin/node", argv: ["node", "worker.js"], cwd: "/project" },
  ],
};

export function aDeviation(change: Partial<Deviation> = {}): Deviation {
  const deviation: Deviation = {
    id: "0199d000-0000-7000-8000-00000000000d",
    run_id: RUN_ID,
    package: "left-pad",
    version: "1.3.1",
    actor: "script:left-pad",
    category: "cred_new_access",
    value: "<HOME>/.npmrc",
    severity: "high",
    state: "open",
    chain: null,
    step: null,
    drift: false,
    evidence: EVIDENCE,
    rejected_before: null,
    other_packages: 0,
    created_at: 1_750_000_060_000,
    ...change,
  };
  return Value.Decode(Deviation, deviation);
}

export const RUN_ID = "0199a000-0000-7000-8000-000000000001";
export const SCAN_ID = "0199c000-0000-7000-8000-000000000005";

export function aRun(change: Partial<Run> = {}): Run {
  return {
    id: RUN_ID,
    scan_id: SCAN_ID,
    package: "left-pad",
    version: "1.3.1",
    kind: "scan",
    control_of: null,
    state: "done",
    verdict: "deviant",
    reason: null,
    attempt: 1,
    runner: "host-a",
    events: 1204,
    deviations: 1,
    decision: null,
    open: 1,
    promoted: 0,
    rejected: 0,
    max_severity: "high",
    created_at: 1_750_000_000_000,
    started_at: 1_750_000_001_000,
    ended_at: 1_750_000_060_000,
    ...change,
  };
}

export function aScan(...runs: Run[]): Scan {
  return Value.Decode(Scan, {
    id: SCAN_ID,
    package: "left-pad",
    version: "1.3.1",
    created_at: 1_750_000_000_000,
    runs,
  });
}

export function aRunDetail(change: Partial<RunDetail> = {}): RunDetail {
  const detail: RunDetail = {
    ...aRun(),
    allowed: [],
    rules: 2,
    release: null,
    trace_bytes: 1234,
    trace_pruned_at: null,
    result: {
      status: "complete",
      reason: null,
      phases: [
        {
          phase: "install",
          label: "npm install",
          root: 1,
          exit_code: 0,
          signal: null,
          timed_out: false,
          duration_ms: 4200,
          stdout: "",
          stderr: "",
        },
        {
          phase: "import",
          label: "require",
          root: 2,
          exit_code: null,
          signal: "SIGKILL",
          timed_out: true,
          duration_ms: 30_000,
          stdout: "",
          stderr: "",
        },
      ],
      losses: [{ record: "open", cause: "ringFull", count: 1204 }],
      segments: 1,
      events: 1204,
      environment: {
        project: "/project",
        home: "/root",
        registry: { address: "10.0.0.1", port: 80 },
        resolver: { address: "10.0.0.1", port: 53 },
        decoys: [],
      },
      network: "registry",
      image: "fangs-sandbox:test",
      node_version: "v24.1.0",
      npm_version: "11.3.0",
      started_at: 1_750_000_001_000,
      ended_at: 1_750_000_060_000,
    },
    ...change,
  };
  return Value.Decode(RunDetail, detail);
}

export function aProcess(change: Partial<RunProcess> & Pick<RunProcess, "process" | "parent">): RunProcess {
  return {
    pid: change.process + 100,
    actor: "installer",
    phase: "install",
    binary: "/usr/bin/node",
    argv: ["node", `step-${change.process}.js`],
    cwd: "/project",
    started_ms: 0,
    ended_ms: 10,
    exit: "exit 0",
    tallies: { open: 1200, exec: 1 },
    ...change,
  };
}

export function aBaseline(change: Partial<Baseline> = {}): Baseline {
  return Value.Decode(Baseline, {
    package: "left-pad",
    node_major: 22,
    node_majors: [22],
    maturity: 2,
    versions: ["1.2.0", "1.3.0"],
    entries: [
      {
        actor: "installer",
        category: "net_new_destination",
        value: "registry:443",
        first_version: "1.2.0",
        last_version: "1.3.0",
        first_run: RUN_ID,
        last_run: RUN_ID,
        versions: ["1.2.0", "1.3.0"],
      },
    ],
    ...change,
  });
}
