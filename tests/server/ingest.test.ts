import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Lease } from "../../protocol/models.ts";
import { codeOf, completeRun, leaseOne, result, segment, startTestServer, type TestServer } from "./support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

async function put(
  lease: Lease,
  seq: number | string,
  body: Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
) {
  const sha256 = new Bun.CryptoHasher("sha256").update(body).digest("hex");
  const response = await fetch(`${server.url}/v1/runs/${lease.run_id}/trace/${seq}`, {
    method: "PUT",
    body,
    headers: {
      authorization: `Bearer ${server.tokens.runner}`,
      "fangs-lease": lease.lease,
      "fangs-sha256": sha256,
      ...headers,
    },
  });
  const answer: unknown = await response.json();
  return { status: response.status, answer };
}

describe("uploading a segment", () => {
  test("stores it once; the same again is fine, another one under its number is not", async () => {
    const lease = await leaseOne(server);
    expect(await put(lease, 0, segment(["/a", "/b"]))).toEqual({ status: 200, answer: { events: 2, stored: true } });
    expect(await put(lease, 0, segment(["/a", "/b"]))).toEqual({ status: 200, answer: { events: 2, stored: false } });
    const other = await put(lease, 0, segment(["/c"]));
    expect(other).toMatchObject({ status: 409, answer: { code: "segment_mismatch" } });
    expect(await server.admin.traceSegment(lease.run_id, 0)).toEqual(segment(["/a", "/b"]));
  });

  test("refuses what is damaged, too big, a bomb, or without its headers, and stores none of it", async () => {
    const lease = await leaseOne(server);
    const good = segment(["/a"]);
    const bomb = new Uint8Array(Bun.zstdCompressSync(new Uint8Array(64 * 1024 * 1024)));
    const broken = new Uint8Array(Bun.zstdCompressSync(new Uint8Array(32).fill(7)));
    expect(await put(lease, 0, bomb)).toMatchObject({ status: 422, answer: { code: "trace_corrupt" } });
    expect(await put(lease, 0, broken)).toMatchObject({ status: 422, answer: { code: "trace_corrupt" } });
    expect(await put(lease, 0, good, { "fangs-sha256": "0".repeat(64) })).toMatchObject({
      status: 422,
      answer: { code: "trace_corrupt" },
    });
    expect(await put(lease, 0, new Uint8Array(300_000))).toMatchObject({
      status: 413,
      answer: { code: "body_too_large" },
    });
    expect(await put(lease, 0, good, { "fangs-lease": "" })).toMatchObject({ status: 400 });
    for (const seq of ["-1", "1.5", "x", "00", "100000"]) expect((await put(lease, seq, good)).status).toBe(400);
    expect(await codeOf(server.admin.traceSegment(lease.run_id, 0))).toBe("not_found");
    expect((await server.admin.run(lease.run_id)).state).toBe("leased");
  });
});

describe("reading a run back", () => {
  test("gives its events page by page, its tree, and what the runner reported", async () => {
    const run = await completeRun(server, ["/1", "/2", "/3"]);
    const first = await server.admin.events(run.id, { limit: 2 });
    expect(first.events.map((event) => event.summary)).toEqual(["/1", "/2"]);
    const second = await server.admin.events(run.id, { limit: 2, after: first.next! });
    expect(second.events.map((event) => event.summary)).toEqual(["/3"]);
    expect(second.next).toBeNull();
    expect((await server.admin.tree(run.id)).processes).toHaveLength(1);
    expect((await server.admin.run(run.id)).result).toEqual(result(1));
    expect(run.events).toBe(3);
  });

  test("that has no result yet says so", async () => {
    const lease = await leaseOne(server);
    expect(await codeOf(server.admin.events(lease.run_id))).toBe("conflict");
  });
});

test("metrics count the events by type, the runs by verdict and the queue by state", async () => {
  await using own = await startTestServer();
  await completeRun(own, ["/1", "/2", "/3"]);
  await own.admin.submitScan({ package: "axios" });
  const response = await fetch(`${own.url}/metrics`, { headers: { authorization: `Bearer ${own.tokens.admin}` } });
  const text = await response.text();
  expect(text).toContain('fangs_events_received_total{type="open"} 3');
  expect(text).toContain('fangs_runs_total{verdict="seeded"} 1');
  expect(text).toContain('fangs_queue_depth{state="queued"} 1');
});
