import { describe, expect, test } from "bun:test";
import { createClient } from "../../protocol/client.ts";
import { FangsError } from "../../protocol/errors.ts";
import type { Lease, Run, RunResult } from "../../protocol/models.ts";
import { Upload } from "../../runner/upload.ts";

const LEASE: Lease = {
  lease: "lease-1",
  run_id: "run-1",
  package: "x",
  version: "1.0.0",
  network: "registry",
  attempt: 1,
  before: null,
  expires_at: 0,
};
const RESULT: RunResult = {
  status: "complete",
  reason: null,
  phases: [],
  losses: [],
  segments: 3,
  events: 3,
  environment: {
    project: "/p",
    home: "/h",
    registry: { address: "", port: 0 },
    resolver: { address: "", port: 0 },
    decoys: [],
  },
  network: "registry",
  image: "i",
  node_version: "22",
  npm_version: "10",
  started_at: 0,
  ended_at: 1,
};
const RUN: Run = {
  id: "run-1",
  kind: "scan",
  control_of: null,
  decision: null,
  open: 0,
  promoted: 0,
  rejected: 0,
  scan_id: "s",
  package: "x",
  version: "1.0.0",
  state: "done",
  verdict: "clean",
  reason: null,
  attempt: 1,
  runner: "r",
  events: 3,
  deviations: 0,
  max_severity: null,
  created_at: 0,
  started_at: 0,
  ended_at: 1,
};

/** What the server was sent, in order; `answer` may refuse. */
function server(answer: (path: string, count: number) => Response | undefined) {
  const seen: string[] = [];
  const http = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const path = new URL(request.url).pathname.replace("/v1/runs/run-1/", "");
      const body = new Uint8Array(await request.arrayBuffer());
      const refusal = answer(path, seen.filter((one) => one.startsWith(path)).length);
      seen.push(path === "result" ? path : `${path} ${new TextDecoder().decode(Bun.zstdDecompressSync(body))}`);
      return refusal ?? Response.json(path === "result" ? RUN : { events: 1, stored: true });
    },
  });
  const client = createClient({ url: http.url.href, token: "t" });
  const given = new AbortController();
  const upload = new Upload(client, LEASE, given.signal, (error) => given.abort(error));
  return { seen, http, given, upload, [Symbol.asyncDispose]: () => http.stop(true) };
}

const problem = (code: string, status: number) =>
  Response.json({ type: "about:blank", title: "t", status, code, detail: "d" }, { status });

describe("the upload of a run", () => {
  test("sends segments in order and the result after them", async () => {
    await using place = server(() => undefined);
    for (const seq of [0, 1, 2]) place.upload.segment(new TextEncoder().encode(`s${seq}`), seq);
    const run = await place.upload.result(RESULT);
    expect(run.verdict).toBe("clean");
    expect(place.seen).toEqual(["trace/0 s0", "trace/1 s1", "trace/2 s2", "result"]);
  });

  test("waits for a server that went away, and sends again what was not answered", async () => {
    await using place = server((path, count) =>
      path === "trace/1" && count < 2 ? new Response("gateway", { status: 502 }) : undefined,
    );
    for (const seq of [0, 1, 2]) place.upload.segment(new TextEncoder().encode(`s${seq}`), seq);
    await place.upload.result(RESULT);
    expect(place.seen).toEqual(["trace/0 s0", "trace/1 s1", "trace/1 s1", "trace/1 s1", "trace/2 s2", "result"]);
  });

  test("gives up at once where the lease is lost, and sends nothing more", async () => {
    await using place = server((path) => (path === "trace/0" ? problem("lease_lost", 409) : undefined));
    for (const seq of [0, 1]) place.upload.segment(new TextEncoder().encode(`s${seq}`), seq);
    const error = await place.upload.result(RESULT).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(FangsError);
    expect((error as FangsError).code).toBe("lease_lost");
    expect(place.given.signal.aborted).toBe(true);
    expect(place.seen).toEqual(["trace/0 s0"]);
  });
});
