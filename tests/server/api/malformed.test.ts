import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { ROUTES } from "../../../server/api/router.ts";
import { leaseOne, result, startTestServer, type TestServer } from "../support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

let server: TestServer;
let runId: string;
let leaseId: string;
beforeAll(async () => {
  server = await startTestServer();
  const lease = await leaseOne(server);
  runId = lease.run_id;
  leaseId = lease.lease;
});
afterAll(() => server[Symbol.asyncDispose]());

/** Bodies that nearly fit are the ones that get far: good ones with one field replaced by anything. */
const good: unknown[] = [
  { package: "lodash", version: "1.0.0" },
  { reason: "because" },
  { name: "lodash" },
  { runner: "runner-1", wait_ms: 0 },
  { name: "runner-1", modes: ["registry"], image: "i", probes: [], concurrency: 1, version: "2" },
  { ids: ["0199d000-0000-7000-8000-00000000000d"], reason: "because" },
  { severities: { net_new_dns: "high" } },
  {
    node_major: 22,
    versions: ["1.0.0"],
    behaviours: [{ actor: "import", category: "net_new_dns", value: "a.example" }],
    reason: "because",
  },
  { kind: "sni", value: "*.example", package: "lodash", note: "ours" },
  { entries: [{ kind: "cidr", value: "192.0.2.0/24", note: "ours" }] },
  result(0),
];
const nearly = fc.tuple(fc.constantFrom(...good), fc.nat(20), fc.jsonValue()).map(([body, at, value]) => {
  const keys = Object.keys(body as object);
  return JSON.stringify({ ...(body as object), [keys[at % keys.length]!]: value });
});
const body = fc.oneof(
  nearly,
  fc.json(),
  fc.string({ unit: "binary", maxLength: 300 }),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Uint8Array.from(bytes)),
  fc.constantFrom(
    "",
    "null",
    "[]",
    '{"__proto__":{"package":"x"}}',
    "[".repeat(50_000),
    '{"package":"lodash","package":1}',
    "\ud800",
  ),
);
const part = fc.oneof(
  fc.constant("run"),
  fc.string({ unit: "binary", maxLength: 40 }).map((text) => encodeURIComponent(text.toWellFormed())),
  fc.constantFrom(
    "%",
    "%zz",
    "%00",
    "%ff",
    "..%2f..",
    "%2e%2e",
    "-1",
    "0",
    "99999999999999999999",
    "__proto__",
    "constructor",
    "@a%2fb",
    "x".repeat(3000),
  ),
);
const query = fc.oneof(
  fc.constant(""),
  fc.string({ maxLength: 40 }).map((text) => `?${encodeURI(text.toWellFormed()).replaceAll("#", "")}`),
  fc.constantFrom(
    "?limit=0",
    "?limit=1e9",
    "?limit=NaN",
    "?limit=1&limit=2",
    "?before=%00",
    "?state=lost",
    "?after=-1",
    "?process=4294967296",
    "?%zz=1",
    "?run=x",
    "?__proto__=1",
  ),
);

test.each(ROUTES.map((route) => [`${route.method} ${route.path}`, route] as const))(
  "%s answers anything at all with something sensible, never with a 500",
  async (_, route) => {
    await fc.assert(
      fc.asyncProperty(body, part, part, query, fc.boolean(), async (bytes, first, second, search, withLease) => {
        const parts = [first, second].map((text) => (text === "run" ? runId : text));
        let at = 0;
        const path = route.path.replace(/:\w+/g, () => parts[at++]!);
        const response = await fetch(server.url + path + search, {
          method: route.method,
          headers: {
            authorization: `Bearer ${server.tokens.admin}`,
            ...(withLease ? { "fangs-lease": leaseId, "fangs-sha256": "00" } : {}),
          },
          ...(route.method === "GET" ? {} : { body: bytes }),
        });
        const text = await response.text();
        expect({ path, search, status: response.status < 500 }).toEqual({ path, search, status: true });
        if (response.status >= 400) {
          expect(response.headers.get("content-type")).toBe("application/problem+json");
          expect(JSON.parse(text)).toMatchObject({
            status: response.status,
            code: expect.any(String),
            detail: expect.any(String),
          });
        }
      }),
      { numRuns: 60 },
    );
  },
);

test.each([
  ["POST", "/v1/scans", "{}", "package: "],
  ["POST", "/v1/scans", '{"package":"lodash","extra":1}', "extra: "],
  ["POST", "/v1/scans", '{"package":7}', "package: "],
  ["POST", "/v1/scans", "[]", "the whole: "],
  ["POST", "/v1/scans", "{", "not JSON"],
  ["POST", "/v1/jobs/lease", '{"runner":"r","wait_ms":25001}', "wait_ms: "],
  [
    "PUT",
    "/v1/runners/other",
    '{"name":"r","modes":[],"image":"i","probes":[],"concurrency":1,"version":"2"}',
    "name: ",
  ],
])("%s %s with %s is refused and says where it does not fit", async (method, path, text, where) => {
  const response = await fetch(server.url + path, {
    method,
    body: text,
    headers: { authorization: `Bearer ${server.tokens.admin}` },
  });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ code: "invalid_body", detail: expect.stringContaining(where) });
});

test.each([
  [{ package: "No Such Name" }, 400, "invalid_name"],
  [{ package: "unheard-of" }, 404, "package_not_found"],
  [{ package: "lodash", version: "9.9.9" }, 404, "version_not_found"],
])("a scan of %j is answered with %d %s", async (request, status, code) => {
  const response = await fetch(`${server.url}/v1/scans`, {
    method: "POST",
    body: JSON.stringify(request),
    headers: { authorization: `Bearer ${server.tokens.admin}` },
  });
  expect(response.status).toBe(status);
  expect(await response.json()).toMatchObject({ code });
});
