/** Bytes that no client of ours would send. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { ROUTES } from "../../../server/api/router.ts";
import { sendRaw } from "../raw.ts";
import { completeRun, startTestServer, type TestServer } from "../support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(240_000);

let server: TestServer;
let token: string;
beforeAll(async () => {
  server = await startTestServer({ hosts: ["x"] });
  token = `Authorization: Bearer ${server.tokens.admin}\r\n`;
  await completeRun(server, ["/a"]);
});
afterAll(() => server[Symbol.asyncDispose]());

const send = (text: string, then?: string) => sendRaw(server.url, text, then);
/** The status of each answer that came back. */
const statuses = (answer: string) => [...answer.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));

describe("two requests where one was meant", () => {
  const inner = `GET /v1/runs HTTP/1.1\r\nHost: 127.0.0.1\r\n${"AUTH"}\r\n`;
  const smuggled = (auth: string) => inner.replace("AUTH", auth);

  test.each([
    ["both lengths", `Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ["two lengths that differ", `Content-Length: 5\r\nContent-Length: 6\r\n\r\n{"a":1`],
    ["a negative length", `Content-Length: -1\r\n\r\n`],
    ["a length with a sign", `Content-Length: +5\r\n\r\n{"a"}`],
    ["a length in hex", `Content-Length: 0x5\r\n\r\n{"a"}`],
    ["an unknown coding", `Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`],
    ["two codings", `Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`],
    ["a space before the colon", `Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`],
    ["a folded header", `X: a\r\n b\r\nContent-Length: 0\r\n\r\n`],
  ])("%s: the connection ends, and the second is not served", async (_, rest) => {
    const answer = await send(`POST /v1/scans HTTP/1.1\r\nHost: 127.0.0.1\r\n${token}${rest}${smuggled(token)}`);
    expect(answer).not.toContain('"runs"');
    expect(statuses(answer).filter((status) => status < 400)).toEqual([]);
    expect(statuses(answer).length).toBeLessThanOrEqual(1);
  });

  test("in a row each shows its own token: what one was allowed the next is not", async () => {
    const first = `GET /v1/runs HTTP/1.1\r\nHost: 127.0.0.1\r\n${token}\r\n`;
    const second = `GET /v1/runs HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`;
    expect(statuses(await send(first, second))).toEqual([200, 401]);
    // In one packet the second is not even looked at, where the first one takes its time.
    const together = statuses(await send(first + second));
    expect(together.filter((status) => status !== 401).length).toBeLessThanOrEqual(1);
    expect(statuses(await send(second + first)).filter((status) => status !== 401)).toEqual([]);
  });

  test("a body longer than it says it is does not become a request", async () => {
    const body = `{"package":"lodash","version":"1.0.0"}`;
    const head = `POST /v1/scans HTTP/1.1\r\nHost: 127.0.0.1\r\n${token}Content-Length: ${body.length}\r\n\r\n`;
    expect(statuses(await send(`${head}${body}`, "garbage\r\n\r\n"))).toEqual([201, 400]);
    // In one packet the garbage ends the connection, at times before the request in front of it is answered.
    expect([[201, 400], [400]]).toContainEqual(statuses(await send(`${head}${body}garbage\r\n\r\n`)));
    const { runs } = await server.admin.runs({ state: "queued" });
    expect(runs.length).toBeLessThanOrEqual(2);
  });
});

describe("a request line or header that is not well formed", () => {
  test.each([
    ["two Hosts", `GET /v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n`],
    ["two Hosts, the other way round", `GET /v1/health HTTP/1.1\r\nHost: evil.example\r\nHost: 127.0.0.1\r\n`],
    ["another Host behind an absolute address", `GET http://127.0.0.1/v1/health HTTP/1.1\r\nHost: evil.example\r\n`],
    ["no Host", `GET /v1/health HTTP/1.1\r\n`],
    ["an empty Host", `GET /v1/health HTTP/1.1\r\nHost: \r\n`],
    ["a Host with a path", `GET /v1/health HTTP/1.1\r\nHost: 127.0.0.1/v1/health\r\n`],
    ["a Host with a user", `GET /v1/health HTTP/1.1\r\nHost: a@127.0.0.1\r\n`],
    ["a NUL", `GET /v1/health\0 HTTP/1.1\r\nHost: 127.0.0.1\r\n`],
    ["a bare line feed", `GET /v1/health HTTP/1.1\nHost: 127.0.0.1\n`],
    ["headers of 20 KB", `GET /v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ${"x".repeat(20_000)}\r\n`],
    ["400 headers", `GET /v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\n${"X: y\r\n".repeat(400)}`],
    ["an address of 20 KB", `GET /v1/health/${"x".repeat(20_000)} HTTP/1.1\r\nHost: 127.0.0.1\r\n`],
    ["no method", ` /v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\n`],
    ["a version of its own", `GET /v1/health HTTP/9.9\r\nHost: 127.0.0.1\r\n`],
    ["CONNECT", `CONNECT evil.example:443 HTTP/1.1\r\nHost: 127.0.0.1\r\n`],
    ["TRACE", `TRACE /v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\n`],
  ])("with %s is refused", async (_, head) => {
    const answer = await send(`${head}Connection: close\r\n\r\n`);
    expect(statuses(answer).filter((status) => status < 400)).toEqual([]);
    expect(answer).not.toContain('"status":"ok"');
  });

  test("with an absolute address reaches what its path says, guarded as ever", async () => {
    const get = (target: string, auth = "") =>
      send(`GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\n${auth}Connection: close\r\n\r\n`);
    expect(statuses(await get("http://127.0.0.1/v1/runs"))).not.toEqual([200]);
    expect(statuses(await get("http://evil.example/v1/runs"))).not.toEqual([200]);
    for (const target of [
      "/v1/health/../runs",
      "/v1/health/%2e%2e/runs",
      "/v1/./runs",
      "/v1//runs",
      "/v1/runs?/v1/health",
      "/v1/runs#/v1/health",
    ])
      expect([target, statuses(await get(target)).every((status) => status >= 400)]).toEqual([target, true]);
  });

  test("with a short Host reaches no other route than the path's", async () => {
    for (const path of ["/v1/health", "/ui/"]) {
      const answer = await send(`GET ${path}/v1/runs HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      expect(statuses(answer)).toEqual([404]);
    }
  });
});

describe.each(
  ROUTES.filter((route) => route.body !== undefined).map((route) => [`${route.method} ${route.path}`, route] as const),
)("%s", (_, { method, path, limit }) => {
  const filled = path.replaceAll(/:\w+/g, "lodash");
  const head = (more: string) =>
    `${method} ${filled} HTTP/1.1\r\nHost: 127.0.0.1\r\n${token}Connection: close\r\n${more}\r\n`;

  test("refuses a body that says it is too large before it is sent", async () => {
    const answer = await send(head(`Content-Length: ${limit + 1}\r\n`));
    expect(statuses(answer)).toEqual([413]);
  });

  test.each([
    ["not UTF-8", new Uint8Array([0x7b, 0xff, 0xfe, 0x7d])],
    ["nested deeper than a stack", Buffer.from("[".repeat(30_000) + "]".repeat(30_000))],
    ["nested objects", Buffer.from('{"a":'.repeat(10_000) + "1" + "}".repeat(10_000))],
    ["an endless number", Buffer.from(`{"reason":1${"0".repeat(50_000)}}`)],
    ["a prototype", Buffer.from('{"__proto__":{"reason":"x","scope":"admin"}}')],
    ["nothing", Buffer.from("")],
  ])("refuses a body that is %s", async (_name, body) => {
    const response = await fetch(server.url + filled, {
      method,
      headers: { authorization: `Bearer ${server.tokens.admin}` },
      body: Uint8Array.from(body),
    });
    // Nothing at all is what some routes want.
    expect([path, response.status < 500 && response.status >= 400]).toEqual([path, true]);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
  });
});
