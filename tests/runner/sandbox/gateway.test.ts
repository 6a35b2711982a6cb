import { afterEach, beforeEach, expect, test } from "bun:test";
import { readdir, rm, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkPackument } from "../../../npm/packument.ts";
import { type Gateway, startGateway } from "../../../runner/sandbox/gateway.ts";
import type { RegistrySource } from "../../../runner/sandbox/registry-source.ts";
import { openTarballCache } from "../../../runner/sandbox/tarball-cache.ts";
import { quiet, startRegistry } from "./support.ts";

const HOST = "127.77.0.2";
const CLIENT = "127.0.0.1";
const run = { before: null, release: { name: "quiet", version: "1.0.0" } };

let stack: AsyncDisposableStack;
let gateway: Gateway;
let requests: string[];
let directory: string;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  const registry = stack.use(
    await startRegistry([
      quiet(),
      quiet("@s/dep", "1.0.0"),
      { ...quiet("@s/dep", "1.1.0"), published: "2025-01-01T00:00:00Z" },
    ]),
  );
  ({ requests } = registry);
  directory = await mkdtemp(join(tmpdir(), "fangs-test-"));
  stack.defer(() => rm(directory, { recursive: true }));
  gateway = await open(registry.source);
});
afterEach(() => stack.disposeAsync());

async function open(registry: RegistrySource): Promise<Gateway> {
  return stack.use(startGateway({ host: HOST, registry, tarballs: await openTarballCache(directory, registry) }));
}

function ask(path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`http://${HOST}:${gateway.port}${path}`, { ...init, signal: AbortSignal.timeout(10_000) });
}

test("an address without a run is refused", async () => {
  expect((await ask("/quiet")).status).toBe(403);
  gateway.admit(CLIENT, run);
  expect((await ask("/quiet")).status).toBe(200);
  gateway.dismiss(CLIENT);
  expect((await ask("/quiet")).status).toBe(403);
});

test("a scoped package is found however its slash is written, and as of the run's moment", async () => {
  gateway.admit(CLIENT, { ...run, before: Date.parse("2024-06-01") });
  for (const path of ["/@s%2fdep", "/@s/dep"]) {
    const document = await (await ask(path)).json();
    expect(document).toMatchObject({ name: "@s/dep", "dist-tags": { latest: "1.0.0" } });
    expect(document).not.toHaveProperty(["versions", "1.1.0"]);
  }
  expect(await (await ask("/@s%2fdep/latest")).json()).toMatchObject({ version: "1.0.0" });
});

test("a run that sees the registry as of a moment is given no document that is older", async () => {
  const asked = () => requests.filter((path) => path === "/quiet").length;
  gateway.admit(CLIENT, run);
  await ask("/quiet");
  await ask("/quiet");
  expect(asked()).toBe(1);
  await Bun.sleep(2);
  gateway.admit(CLIENT, { ...run, before: Date.now() });
  await ask("/quiet");
  await ask("/quiet");
  expect(asked()).toBe(2);
});

test("npm is given the abbreviated document if it asks for it", async () => {
  gateway.admit(CLIENT, run);
  const accept = "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*";
  const brief = await ask("/quiet", { headers: { accept } });
  expect(brief.headers.get("content-type")).toStartWith("application/vnd.npm.install-v1+json");
  expect(await brief.json()).not.toHaveProperty("time");
  expect(await (await ask("/quiet")).json()).toHaveProperty("time");
});

test("a tarball is fetched once, kept by its digest, and fetched again if the kept one is damaged", async () => {
  gateway.admit(CLIENT, run);
  const path = "/quiet/-/quiet-1.0.0.tgz";
  const fetched = () => requests.filter((request) => request === path).length;
  const bodies = await Promise.all(
    [ask(path), ask(path)].map(async (answer) => Bun.hash(await (await answer).arrayBuffer())),
  );
  expect(bodies[0]).toBe(bodies[1] ?? 0n);
  expect(fetched()).toBe(1);
  await ask(path);
  expect(fetched()).toBe(1);

  const [file = ""] = await readdir(directory);
  await writeFile(join(directory, file), "damaged");
  expect(Bun.hash(await (await ask(path)).arrayBuffer())).toBe(bodies[0] ?? 0n);
  expect(fetched()).toBe(2);
});

test("a tarball that does not fit its digest is neither served nor kept", async () => {
  const honest = stack.use(await startRegistry([quiet()]));
  const forged: RegistrySource = { ...honest.source, tarball: async () => Buffer.from("forged") };
  await gateway[Symbol.asyncDispose]();
  gateway = await open(forged);
  gateway.admit(CLIENT, run);
  const answer = await ask("/quiet/-/quiet-1.0.0.tgz");
  expect(answer.status).toBe(502);
  expect(await answer.json()).toMatchObject({ error: expect.stringContaining("does not match") });
  expect(await readdir(directory)).toEqual([]);
});

test("publishing and every other write is answered with a refusal", async () => {
  gateway.admit(CLIENT, run);
  const body = JSON.stringify({
    name: "quiet",
    versions: {},
    _attachments: { "x.tgz": { data: "x".repeat(2_000_000) } },
  });
  for (const [method, path] of [
    ["PUT", "/quiet"],
    ["DELETE", "/quiet/-rev/1"],
    ["POST", "/quiet"],
    ["PUT", "/-/user/org.couchdb.user:x"],
  ] as const) {
    const answer = await ask(path, { method, ...(method === "PUT" ? { body } : {}) });
    expect(answer.status).toBe(403);
    expect(await answer.json()).toHaveProperty("error");
  }
});

test("an audit finds nothing, and what does not exist is not found", async () => {
  gateway.admit(CLIENT, run);
  expect(await (await ask("/-/npm/v1/security/advisories/bulk", { method: "POST", body: "{}" })).json()).toEqual({});
  for (const path of ["/missing", "/quiet/-/quiet-9.0.0.tgz", "/quiet/9.0.0"])
    expect((await ask(path)).status).toBe(404);
  for (const path of ["/..%2f..%2fetc", "/%ff", "/", "/__proto__"]) expect((await ask(path)).ok).toBe(false);
});

test("the cache keeps within its limit, and lets go of what was not used for longest", async () => {
  const names = ["a", "b", "c", "d"];
  const registry = stack.use(await startRegistry(names.map((name) => quiet(name, "1.0.0", noise()))));
  const small = await mkdtemp(join(tmpdir(), "fangs-test-"));
  stack.defer(() => rm(small, { recursive: true }));
  const tarballs = await openTarballCache(small, registry.source, 170_000);
  const get = async (name: string) => {
    const { dist } = checkPackument(await registry.source.packument(name), name).versions["1.0.0"] ?? {};
    await tarballs.get(dist?.tarball ?? "", dist?.integrity ?? "");
    await Bun.sleep(10);
  };
  for (const name of ["a", "b", "a", "c"]) await get(name);
  expect(await readdir(small)).toHaveLength(2);
  await get("a");
  expect(registry.requests.filter((path) => path.startsWith("/a/-/"))).toHaveLength(1);
});

test("a run that asks without end is told to stop", async () => {
  gateway.admit(CLIENT, run);
  for (let asked = 0; asked < 10_000; asked += 500) {
    await Promise.all(Array.from({ length: 500 }, async () => (await ask("/-/ping")).arrayBuffer()));
  }
  expect((await ask("/quiet")).status).toBe(429);
});

/** Code of about 60 KB that does not compress. */
function noise(): string {
  return `// ${Buffer.from(crypto.getRandomValues(new Uint8Array(60_000))).toString("base64")}`;
}
