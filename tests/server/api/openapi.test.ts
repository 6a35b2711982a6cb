import { expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isDocumented, openApi } from "../../../server/api/openapi.ts";
import { ROUTES } from "../../../server/api/router.ts";
import { startTestServer } from "../support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

const docs = join(import.meta.dir, "../../../docs");
const DOCUMENTED = ROUTES.filter(isDocumented);
const document: unknown = JSON.parse(JSON.stringify(openApi(ROUTES)));

test("docs/openapi.json is what the routes are: `bun build/openapi.ts > docs/openapi.json` makes it anew", () => {
  expect(JSON.parse(readFileSync(join(docs, "openapi.json"), "utf8"))).toEqual(document);
});

test("docs/api.md lists every route with its scope, and no other", () => {
  const rows = readFileSync(join(docs, "api.md"), "utf8").matchAll(
    /^\| `(GET|POST|PUT|DELETE) ([^`?\s]+)[^|]*\| *([a-z]+) *\|/gm,
  );
  const listed = [...rows].map(([, method, path, scope]) => `${method} ${path} ${scope === "none" ? "public" : scope}`);
  expect(listed.toSorted()).toEqual(
    DOCUMENTED.map(({ method, path, scope }) => `${method} ${path} ${scope}`).toSorted(),
  );
});

test("every reference in the document leads somewhere, and no two operations share an id", () => {
  const { paths, components } = openApi(ROUTES) as {
    paths: Record<string, Record<string, { operationId: string }>>;
    components: { schemas: Record<string, unknown> };
  };
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)];
  expect(references.length).toBeGreaterThan(50);
  for (const [, name] of references) expect(components.schemas).toHaveProperty(name!);
  const ids = Object.values(paths).flatMap((path) => Object.values(path).map(({ operationId }) => operationId));
  expect(ids).toHaveLength(DOCUMENTED.length);
  expect(new Set(ids).size).toBe(ids.length);
});

test("the server gives out its own document", async () => {
  await using server = await startTestServer();
  const headers = { authorization: `Bearer ${server.tokens.admin}` };
  const response = await fetch(`${server.url}/v1/openapi.json`, { headers });
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual(document);
});
