import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { configureLog } from "../../log/log.ts";
import { createClient } from "../../protocol/client.ts";
import { ERRORS } from "../../protocol/errors.ts";
import { readBody } from "../../server/api/body.ts";
import { codeOf, leaseOne, mint, result, segment, startTestServer, type TestServer } from "./support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

const restore: (() => void)[] = [];
afterEach(() => restore.splice(0).forEach((undo) => undo()));

/** What is logged from now on, as objects. */
function logged(): Record<string, unknown>[] {
  const lines: Record<string, unknown>[] = [];
  const before = configureLog({
    level: "warn",
    format: "json",
    write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>),
  });
  restore.push(() => void configureLog(before));
  return lines;
}

function get(server: TestServer, token: string, path = "/v1/runs"): Promise<Response> {
  return fetch(server.url + path, { headers: { authorization: `Bearer ${token}` } });
}

describe("asking too much", () => {
  test("is answered with 429 and when to ask again; other tokens are served on", async () => {
    await using server = await startTestServer({ requestsPerSecond: 1 });
    const reader = await mint(server.folder, "read");
    const answers = await Promise.all(Array.from({ length: 6 }, () => get(server, reader)));
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(2);
    const refused = answers.find(({ status }) => status === 429)!;
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    expect(await refused.json()).toMatchObject({ code: "rate_limited", detail: "The token test-read asked too much." });
    expect((await get(server, server.tokens.admin)).status).toBe(200);
  });

  test("holds for an address, too, whatever token it has", async () => {
    await using server = await startTestServer({ requestsPerSecond: 1 });
    const answers = await Promise.all(Array.from({ length: 30 }, () => fetch(`${server.url}/v1/nothing`)));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 404).length).toBeGreaterThanOrEqual(10);
    expect(statuses).toContain(429);
  });

  test("is waited out by the client, which then gets its answer", async () => {
    await using server = await startTestServer({ requestsPerSecond: 2 });
    const reader = createClient({ url: server.url, token: await mint(server.folder, "read") });
    const pages = await Promise.all(Array.from({ length: 7 }, () => reader.runs()));
    expect(pages).toHaveLength(7);
  });

  test("without a limit is served", async () => {
    await using server = await startTestServer({ requestsPerSecond: 0 });
    for (let i = 0; i < 100; i++) expect((await get(server, server.tokens.admin)).status).toBe(200);
  });

  test("of wrong tokens is limited harder: 20 at once, and the right one is served all the same", async () => {
    await using server = await startTestServer();
    const answers: number[] = [];
    for (let i = 0; i < 40; i++) answers.push((await get(server, `fangs_admin_${i}`)).status);
    expect(answers.slice(0, 20)).toEqual(Array<number>(20).fill(401));
    expect(answers.filter((status) => status === 429).length).toBeGreaterThanOrEqual(10);
    expect((await get(server, server.tokens.admin)).status).toBe(200);
    // One entry tells of it, not forty.
    const { entries } = await server.admin.audit({ action: "access.refuse" });
    expect(entries.length).toBeGreaterThanOrEqual(1);
    expect(entries.length).toBeLessThanOrEqual(3);
    expect(entries[0]).toMatchObject({ actor: "nobody", after: { code: "rate_limited", address: "127.0.0.1" } });
  });
});

describe("what is refused", () => {
  test("is a line in the log with who, what and why, and without the token or the query", async () => {
    await using server = await startTestServer();
    const lines = logged();
    const reader = await mint(server.folder, "read");
    await get(server, reader, "/v1/tokens?before=secret-thing");
    await get(server, "fangs_admin_wrong");
    await fetch(`${server.url}/v1/health`, { headers: { host: "evil.example" } });
    expect(
      lines.map(({ message, code, status, path, token, address }) => [message, code, status, path, token, address]),
    ).toEqual([
      ["refused a request", "forbidden", 403, "/v1/tokens", "test-read", "127.0.0.1"],
      ["refused a request", "unauthorized", 401, "/v1/runs", null, "127.0.0.1"],
      ["refused a request", "misdirected", 421, "/v1/health", null, "127.0.0.1"],
    ]);
    const all = JSON.stringify(lines);
    for (const secret of [reader, "fangs_admin_wrong", "secret-thing"]) expect(all).not.toContain(secret);
  });

  test("is logged at a bounded rate, and how much was left out is told", async () => {
    await using server = await startTestServer();
    const lines = logged();
    for (let i = 0; i < 300; i++) await get(server, "nothing");
    expect(lines.length).toBeGreaterThanOrEqual(100);
    expect(lines.length).toBeLessThan(250);
    await Bun.sleep(150);
    await get(server, "nothing");
    const unlogged = lines.reduce(
      (sum, line) => sum + (typeof line["unlogged"] === "number" ? line["unlogged"] : 0),
      0,
    );
    expect(lines.length + unlogged).toBe(301);
  });

  test("is in the trail where a known token went beyond what it may, once a minute or so", async () => {
    await using server = await startTestServer();
    const reader = await mint(server.folder, "read", "curious");
    for (let i = 0; i < 20; i++) await get(server, reader, "/v1/tokens");
    const { entries } = await server.admin.audit({ actor: "curious" });
    expect(entries).toHaveLength(3);
    expect(entries[0]).toMatchObject({
      action: "access.refuse",
      subject: "GET /v1/tokens",
      after: { code: "forbidden" },
    });
  });

  test("is in the trail where a token is used that was revoked", async () => {
    await using server = await startTestServer();
    const made = await server.admin.createToken({ scope: "admin", name: "gone" });
    await server.admin.revokeToken(made.id);
    expect(await codeOf(createClient({ url: server.url, token: made.secret }).runs())).toBe("unauthorized");
    const [entry] = (await server.admin.audit({ actor: "gone" })).entries;
    expect(entry).toMatchObject({ action: "access.refuse", reason: "The token is revoked.", subject: "GET /v1/runs" });
  });

  test("is in the trail where a segment comes again with other bytes; what was stored stays", async () => {
    await using server = await startTestServer();
    const { run_id, lease } = await leaseOne(server);
    await server.runner.putSegment(run_id, lease, 0, segment(["/a"]));
    expect(await codeOf(server.runner.putSegment(run_id, lease, 0, segment(["/b"])))).toBe("segment_mismatch");
    const [entry] = (await server.admin.audit({ actor: "local-runner" })).entries;
    expect(entry).toMatchObject({ action: "access.refuse", after: { code: "segment_mismatch" } });
    expect(await server.admin.traceSegment(run_id, 0)).toEqual(segment(["/a"]));
  });
});

test("a run whose trace grows too large fails at once and says why; nothing is retried", async () => {
  await using server = await startTestServer({ traceLimit: 2 * 256 * 1024 });
  const { run_id, lease } = await leaseOne(server);
  await server.runner.putSegment(run_id, lease, 0, segment(["/a"]));
  await server.runner.putSegment(run_id, lease, 1, segment(["/b"]));
  expect(await codeOf(server.runner.putSegment(run_id, "another", 2, segment(["/c"])))).toBe("lease_lost");
  expect(await codeOf(server.runner.putSegment(run_id, lease, 2, segment(["/c"])))).toBe("trace_too_large");
  expect(await server.admin.run(run_id)).toMatchObject({
    state: "failed",
    verdict: null,
    reason: "Its trace is larger than the 0.5 MiB that one may have.",
  });
  expect(await codeOf(server.runner.putResult(run_id, lease, result(2)))).toBe("lease_lost");
  expect((await server.admin.audit({ action: "run.fail" })).entries).toMatchObject([
    { actor: "fangs", subject: run_id },
  ]);
});

describe("a body", () => {
  test("that dribbles in is given up at its deadline with 408, not when it ends", async () => {
    const { promise: cancelled, resolve } = Promise.withResolvers<void>();
    const dribble = new ReadableStream({
      async pull(controller) {
        await Bun.sleep(10);
        controller.enqueue(new Uint8Array(1));
      },
      cancel: () => resolve(),
    });
    const request = new Request("http://x/", { method: "POST", body: dribble });
    expect(await codeOf(readBody(request, 1_000_000, 100))).toBe("body_too_slow");
    await cancelled;
    expect(ERRORS.body_too_slow.status).toBe(408);
  });

  test("is refused beyond its limit on a route that wants none, too", async () => {
    await using server = await startTestServer();
    const body = "x".repeat(100_000);
    for (const [method, path] of [
      ["POST", "/v1/runs/x/retry"],
      ["DELETE", "/v1/packages/lodash"],
      ["POST", "/v1/sign-ins"],
    ]) {
      const headers = { authorization: `Bearer ${server.tokens.admin}` };
      const response = await fetch(server.url + path, { method: method!, headers, body });
      expect([path, response.status]).toEqual([path, 413]);
    }
  });
});
