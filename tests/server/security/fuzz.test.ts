/** Requests made of the OpenAPI document, nearly right: no 500, every error a problem, every answer as documented. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import fc from "fast-check";
import { openApi } from "../../../server/api/openapi.ts";
import { ROUTES } from "../../../server/api/router.ts";
import { leaseOne, startTestServer, type TestServer } from "../support.ts";
import { HOSTILE, HOSTILE_ENCODED } from "./hostile.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(240_000);

/** Requests for each operation; there are more than sixty. */
const RUNS = 45;

interface Schema {
  type?: string;
  const?: unknown;
  anyOf?: Schema[];
  $ref?: string;
  items?: Schema;
  maxItems?: number;
  properties?: Record<string, Schema>;
  required?: string[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
  maxLength?: number;
}
interface Operation {
  parameters: { name: string; in: string; schema: Schema }[];
  requestBody?: { content: Record<string, { schema?: Schema }> };
}

const document = JSON.parse(JSON.stringify(openApi(ROUTES))) as {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
};

let server: TestServer;
let known: string[];
beforeAll(async () => {
  server = await startTestServer({ requestsPerSecond: 0 });
  const lease = await leaseOne(server);
  known = [lease.run_id, lease.lease, "lodash", "1.0.0", "0"];
});
afterAll(() => server[Symbol.asyncDispose]());

const hostile = fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: "binary", maxLength: 60 }));

/** Mostly what the schema asks for; now and then anything at all. */
function valueOf(schema: Schema, depth = 0): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 12, arbitrary: fitting(schema, depth) },
    { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
  );
}

function fitting(schema: Schema, depth: number): fc.Arbitrary<unknown> {
  if (schema.$ref !== undefined) return fitting(document.components.schemas[schema.$ref.split("/").at(-1)!]!, depth);
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map((one) => fitting(one, depth)));
  if (schema.const !== undefined) return fc.constant(schema.const);
  switch (schema.type) {
    case "string":
      return fc.oneof(hostile, fc.constantFrom("lodash", "1.0.0", "a.example", "/tmp/x/", "import", "because"));
    case "integer":
    case "number":
      return fc.oneof(
        fc.integer({
          min: schema.minimum ?? -5,
          max: Math.max(schema.minimum ?? 0, Math.min(schema.maximum ?? 100, 100)),
        }),
        fc.constantFrom(-1, 0, 1.5, 2 ** 53, Number.MAX_SAFE_INTEGER),
      );
    case "boolean":
      return fc.boolean();
    case "null":
      return fc.constant(null);
    case "array":
      return fc.array(valueOf(schema.items ?? {}, depth + 1), { maxLength: 3 });
    case "object": {
      const fields = Object.entries(schema.properties ?? {}).map(([name, one]) => {
        const value = valueOf(one, depth + 1);
        const isRequired = schema.required?.includes(name) === true;
        return [
          name,
          isRequired ? fc.option(value, { freq: 20, nil: undefined }) : fc.option(value, { nil: undefined }),
        ] as const;
      });
      return fc.record(Object.fromEntries(fields));
    }
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

const part = fc.oneof(
  { weight: 3, arbitrary: fc.nat(4).map((i) => ({ known: i })) },
  { weight: 1, arbitrary: fc.constantFrom(...HOSTILE_ENCODED).map((text) => ({ text })) },
);

const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(
    ([method, operation]) => [`${method.toUpperCase()} ${path}`, method.toUpperCase(), path, operation] as const,
  ),
);

test("there are enough operations for two thousand requests and more", () => {
  expect(operations.length * RUNS).toBeGreaterThanOrEqual(2000);
});

describe.each(operations)("%s", (_, method, path, operation) => {
  const route = ROUTES.find((one) => one.method === method && one.path === path.replaceAll(/\{(\w+)\}/g, ":$1"))!;

  test("answers what nearly fits as its document says", async () => {
    const queries = operation.parameters.filter((parameter) => parameter.in === "query");
    const headers = operation.parameters.filter((parameter) => parameter.in === "header");
    const [content] = Object.values(operation.requestBody?.content ?? {});
    const request = fc.record({
      parts: fc.array(part, { minLength: 3, maxLength: 3 }),
      query: fc.tuple(...queries.map(({ schema }) => fc.option(valueOf(schema)))),
      headers: fc.tuple(...headers.map(() => fc.option(fc.nat(1)))),
      body:
        content === undefined
          ? fc.constant(undefined)
          : content.schema === undefined
            ? fc.uint8Array()
            : valueOf(content.schema),
    });
    await fc.assert(
      fc.asyncProperty(request, async (given) => {
        let at = 0;
        const filled = path.replaceAll(/\{\w+\}/g, () => {
          const one = given.parts[at++]!;
          return "known" in one ? known[one.known]! : one.text;
        });
        const search = new URLSearchParams();
        for (const [i, value] of given.query.entries())
          if (value !== null)
            search.set(queries[i]!.name, (typeof value === "string" ? value : JSON.stringify(value)).toWellFormed());
        const sent = Object.fromEntries(
          headers.flatMap(({ name }, i) => (given.headers[i] === null ? [] : [[name, known[given.headers[i]!]!]])),
        );
        if (path === "/v1/stream") search.set("limit", "0");
        const response = await fetch(`${server.url}${filled}?${search}`, {
          method,
          headers: { authorization: `Bearer ${server.tokens.admin}`, ...sent },
          ...(given.body === undefined || method === "GET"
            ? {}
            : { body: given.body instanceof Uint8Array ? Uint8Array.from(given.body) : JSON.stringify(given.body) }),
        });
        const text = await response.text();
        // A head that is too long never reaches the routes: the HTTP server refuses it, without a body.
        if (response.status === 431) return;
        // 502: a registry that knows no such package of ours is still an answer; a defect is a 500.
        expect([response.status, text.slice(0, 200)]).toEqual([expect.any(Number), expect.any(String)]);
        expect(response.status === 500 ? text : "").toBe("");
        if (response.status >= 400) {
          expect(response.headers.get("content-type")).toBe("application/problem+json");
          expect(JSON.parse(text)).toMatchObject({
            status: response.status,
            code: expect.any(String),
            detail: expect.any(String),
          });
        } else if (route.answer !== undefined && response.status !== 204 && response.status !== 304) {
          expect([...Value.Errors(route.answer, JSON.parse(text))]).toEqual([]);
        }
      }),
      { numRuns: RUNS },
    );
  });
});
