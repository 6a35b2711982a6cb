import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { RegistryClient } from "../../npm/registry.ts";
import { sendRaw } from "./raw.ts";
import { codeOf, registration, startTestServer, testRegistry, type TestServer } from "./support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ hosts: ["x"] });
});
afterAll(() => server[Symbol.asyncDispose]());

const raw = (text: string) => sendRaw(server.url, text);

function get(target: string, host: string | undefined, more = ""): Promise<string> {
  return raw(
    `GET ${target} HTTP/1.1\r\n${host === undefined ? "" : `Host: ${host}\r\n`}Connection: close\r\n${more}\r\n`,
  );
}

describe("the Host header", () => {
  test.each(["evil.example", "127.0.0.1.evil.example", "localhost@evil", "y", "127.0.0.1:99999999", "[::2]"])(
    "%j is answered with 421",
    async (host) => {
      const answer = await get("/v1/health", host);
      expect(answer).toStartWith("HTTP/1.1 421");
      expect(answer).toContain('"code":"misdirected"');
    },
  );

  test.each(["127.0.0.1", "127.0.0.1:8443", "LOCALHOST:1", "[::1]:8443", "x"])("%j is served", async (host) => {
    expect(await get("/v1/health", host)).toStartWith("HTTP/1.1 200");
  });

  test("that is missing is not served", async () => {
    expect(await get("/v1/health", undefined)).toMatch(/^HTTP\/1.1 4(00|21)/);
  });

  test("that is short does not move the path: the guard of the route meant is the one that counts", async () => {
    const answer = await get("/v1/health/v1/runs", "x");
    expect(answer).toStartWith("HTTP/1.1 404");
    expect(await get("/v1/runs", "x")).toStartWith("HTTP/1.1 401");
    expect(await get("/v1/runs", "x", `Authorization: Bearer ${server.tokens.admin}\r\n`)).toStartWith("HTTP/1.1 200");
  });

  test("counts even where the request line has an absolute address", async () => {
    const token = `Authorization: Bearer ${server.tokens.admin}\r\n`;
    expect(await get("http://127.0.0.1/v1/runs", "evil.example", token)).toStartWith("HTTP/1.1 421");
    expect(await get("//v1/health", "127.0.0.1")).toStartWith("HTTP/1.1 404");
  });
});

describe("what there is no route for", () => {
  const call = (method: string, path: string) => fetch(server.url + path, { method });

  test("is a 404 problem", async () => {
    for (const path of ["/", "/v1", "/v1/nothing", "/v1/runs/a/b/c/d", "/V1/health"]) {
      const response = await call("GET", path);
      expect([path, response.status, response.headers.get("content-type")]).toEqual([
        path,
        404,
        "application/problem+json",
      ]);
    }
  });

  test("is a 405 problem where only the method is wrong, naming those that are right", async () => {
    for (const [method, path, allow] of [
      ["DELETE", "/v1/runs", "GET"],
      ["PATCH", "/v1/packages/x", "GET, PUT, DELETE"],
      ["POST", "/v1/runs/x/trace/1", "GET, PUT"],
    ] as const) {
      const response = await call(method, path);
      expect(response.status).toBe(405);
      expect(response.headers.get("allow")).toBe(allow);
      expect(await response.json()).toMatchObject({ status: 405, code: "usage" });
    }
  });
});

describe("bodies", () => {
  const head = (length: string) =>
    `POST /v1/scans HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nAuthorization: Bearer ${server.tokens.admin}\r\n${length}\r\n\r\n`;

  test("declared too large are refused before they are sent", async () => {
    const answer = await raw(head("Content-Length: 1000000"));
    expect(answer).toStartWith("HTTP/1.1 413");
    expect(answer).toContain("body_too_large");
  });

  test("that grow too large without having declared it are refused", async () => {
    const chunk = `10000\r\n${"x".repeat(0x10000)}\r\n`;
    expect(await raw(`${head("Transfer-Encoding: chunked")}${chunk}${chunk}0\r\n\r\n`)).toStartWith("HTTP/1.1 413");
  });
});

test("an address that is taken is reported with what to do", async () => {
  const listen = { hostname: "127.0.0.1", port: Number(new URL(server.url).port) };
  const error: unknown = await startTestServer({ listen }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "address_in_use", hint: expect.stringContaining("--listen") });
});

describe("stopping", () => {
  test("ends a long poll at once and finishes what is in flight", async () => {
    const own = await startTestServer();
    const { registered_at } = await own.runner.registerRunner(registration);
    await Bun.sleep(2);
    const poll = own.runner.lease({ runner: "runner-1", wait_ms: 25_000 });
    // The poll has arrived once the server has heard of the runner again.
    while ((await own.admin.runners()).runners[0]!.last_seen === registered_at) await Bun.sleep(2);
    await own[Symbol.asyncDispose]();
    expect(await poll).toBeUndefined();
    expect(await codeOf(own.admin.health())).toBe("server_unreachable");
  });

  test("answers what is in flight before the store closes", async () => {
    const arrived = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const registry: RegistryClient = {
      ...testRegistry,
      async packument(name) {
        arrived.resolve();
        await goOn.promise;
        return testRegistry.packument(name);
      },
    };
    const own = await startTestServer({ registry });
    const scan = own.admin.submitScan({ package: "lodash" });
    await arrived.promise;
    const stopped = own[Symbol.asyncDispose]();
    goOn.resolve();
    expect((await scan).runs).toHaveLength(1);
    await stopped;
  });

  test("does not wait for ever for a request that hangs", async () => {
    const arrived = Promise.withResolvers<void>();
    const registry: RegistryClient = { ...testRegistry, packument: () => (arrived.resolve(), new Promise(() => {})) };
    const own = await startTestServer({ registry, drainMs: 50 });
    const scan = codeOf(own.admin.submitScan({ package: "lodash" }));
    await arrived.promise;
    await own[Symbol.asyncDispose]();
    expect(await scan).toBe("server_unreachable");
  });
});
