/** Every query parameter and every variable part of a path, with strings that mean something to what lies behind them. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import type { TSchema } from "@sinclair/typebox";
import { ROUTES } from "../../../server/api/router.ts";
import { completeRun, startTestServer, type TestServer } from "../support.ts";
import { HOSTILE_ENCODED } from "./hostile.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

let server: TestServer;
let runId: string;
beforeAll(async () => {
  server = await startTestServer({ requestsPerSecond: 0 });
  await completeRun(server, ["/a"], { version: "1.0.0" });
  runId = (await completeRun(server, ["/a", "/b%"], { version: "1.1.0" })).id;
  await server.admin.addAllow({ kind: "dns", value: "a.example", note: "ours", package: "lodash" });
});
afterAll(() => server[Symbol.asyncDispose]());

async function ask(method: string, target: string): Promise<{ status: number; type: string | null; body: unknown }> {
  const response = await fetch(server.url + target, {
    method,
    headers: { authorization: `Bearer ${server.tokens.admin}` },
    ...(method === "GET" ? {} : { body: JSON.stringify({ reason: "x" }) }),
  });
  const type = response.headers.get("content-type");
  return {
    status: response.status,
    type,
    body: response.status === 204 ? null : await response.json().catch(() => null),
  };
}

const searches = ROUTES.filter(({ path }) => path !== "/v1/stream").flatMap((route) =>
  Object.entries<TSchema>(route.query?.["properties"] ?? {})
    .filter(([, schema]) => schema["type"] === "string")
    .map(([name]) => [`${route.path}?${name}`, route.path, name] as const),
);

test("there are parameters to try", () => {
  expect(searches.length).toBeGreaterThan(10);
});

test.each(searches)(
  "%s finds with a hostile string what it finds with an unknown one, or refuses it",
  async (_, path, name) => {
    const filled = path.replace(":id", runId).replace(":name", "lodash");
    const unknown = await ask("GET", `${filled}?${name}=no-such-thing`);
    for (const value of HOSTILE_ENCODED) {
      // In a hunt that is the wildcard, and the only string here that may mean anything.
      if (path === "/v1/hunt" && value === "*") continue;
      const got = await ask("GET", `${filled}?${name}=${value}`);
      const shown = value.slice(0, 40);
      if (got.status === 200) expect([shown, got.body]).toEqual([shown, unknown.body]);
      else {
        expect([shown, got.status]).toEqual([shown, expect.any(Number)]);
        expect([400, 404]).toContain(got.status);
        expect(got.type).toBe("application/problem+json");
      }
    }
  },
);

const variable = ROUTES.filter(({ path }) => path.includes(":"));
test.each(variable.map((route) => [`${route.method} ${route.path}`, route] as const))(
  "%s takes no hostile string for the name of anything",
  async (_, { method, path }) => {
    for (const value of HOSTILE_ENCODED) {
      const target = path.replaceAll(/:\w+/g, () => value);
      const { status, type } = await ask(method, target);
      const shown = value.slice(0, 40);
      // A page of what belongs to a name may be empty; nothing may break.
      if (status === 200 && method === "GET") continue;
      // 431 comes from the socket, for an address longer than all headers may be together.
      if (status === 431) expect(target.length).toBeGreaterThan(16_384);
      else expect([shown, status < 500 && status >= 400, type]).toEqual([shown, true, "application/problem+json"]);
    }
  },
);

test("what was there before is there still", async () => {
  expect((await server.admin.runs({ package: "lodash" })).runs.length).toBeGreaterThanOrEqual(2);
  expect((await server.admin.allowList({ package: "lodash" })).entries.map(({ value }) => value)).toContain(
    "a.example",
  );
  expect((await server.admin.runs({ package: "lodas_" })).runs).toEqual([]);
  expect((await server.admin.runs({ package: "lod%" })).runs).toEqual([]);
});

test("a text with a NUL is refused, for one of the databases cannot keep it", async () => {
  const response = await fetch(`${server.url}/v1/runs/${runId}/reject`, {
    method: "POST",
    headers: { authorization: `Bearer ${server.tokens.admin}` },
    body: '{"reason":"because\\u0000"}',
  });
  expect([response.status, await response.json()]).toMatchObject([400, { code: "invalid_body" }]);
  const harmless = await fetch(`${server.url}/v1/runs/${runId}/reject`, {
    method: "POST",
    headers: { authorization: `Bearer ${server.tokens.admin}` },
    body: '{"reason":"a backslash: \\\\u0000"}',
  });
  expect(harmless.status).toBe(200);
});
