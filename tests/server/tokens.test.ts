import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createClient } from "../../protocol/client.ts";
import { codeOf, leaseNext, registration, result, segment, startTestServer, type TestServer } from "./support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

const as = (server: TestServer, token: string) => createClient({ url: server.url, token });

test("a token is shown once, works at once, is listed with its last use, and opens nothing once it is revoked", async () => {
  await using server = await startTestServer();
  const made = await server.admin.createToken({ scope: "triage", name: "ci@build" });
  expect(made.secret).toMatch(/^fangs_triage_[\w-]{43}$/);
  const ci = as(server, made.secret);
  expect((await ci.runs()).runs).toEqual([]);

  const listed = (await server.admin.tokens()).tokens.find(({ id }) => id === made.id);
  expect(listed).toMatchObject({ name: "ci@build", scope: "triage", last_used: expect.any(Number), revoked_at: null });
  expect(JSON.stringify(await server.admin.tokens())).not.toContain(made.secret.slice(15));

  await server.admin.revokeToken(made.id.slice(-8));
  expect(await codeOf(ci.runs())).toBe("unauthorized");
  expect((await server.admin.tokens()).tokens.map(({ id }) => id)).not.toContain(made.id);
  expect((await server.admin.tokens({ all: true })).tokens.map(({ id }) => id)).toContain(made.id);

  const trail = (await server.admin.audit({ subject: "ci@build" })).entries;
  expect(trail.map(({ action, actor }) => [action, actor])).toEqual([
    ["token.revoke", "local-admin"],
    ["token.create", "local-admin"],
  ]);
  expect(JSON.stringify(trail)).not.toContain(made.secret.slice(15));
});

test("a token that ends opens nothing from then on", async () => {
  await using server = await startTestServer();
  const { secret } = await server.admin.createToken({ scope: "read", expires_at: Date.now() + 300 });
  const reader = as(server, secret);
  await Bun.sleep(310);
  expect(await codeOf(reader.runs())).toBe("unauthorized");
});

test("two valid tokens never share a name, and none has one of fangs's own", async () => {
  await using server = await startTestServer();
  const first = await server.admin.createToken({ scope: "read", name: "ann" });
  expect(await codeOf(server.admin.createToken({ scope: "admin", name: "ann" }))).toBe("conflict");
  for (const name of ["fangs", "local-admin", "Nobody", "local-x"])
    expect(await codeOf(server.admin.createToken({ scope: "read", name }))).toBe("invalid_body");
  await server.admin.revokeToken(first.id);
  expect((await server.admin.createToken({ scope: "admin", name: "ann" })).scope).toBe("admin");
});

test("the last admin token stays, until there is another", async () => {
  await using server = await startTestServer();
  const own = (await server.admin.tokens()).tokens.find(({ name }) => name === "local-admin");
  expect(await codeOf(server.admin.revokeToken(own!.id))).toBe("conflict");
  const second = await server.admin.createToken({ scope: "admin", name: "second" });
  await as(server, second.secret).revokeToken(own!.id);
  expect(await codeOf(server.admin.runs())).toBe("unauthorized");
  expect(await codeOf(as(server, second.secret).revokeToken(second.id))).toBe("conflict");
});

test("a lost admin token comes back with a restart: the file is made anew, and the old token is void", async () => {
  await using server = await startTestServer();
  const old = server.tokens.admin;
  rmSync(join(server.folder, "admin-token"));
  await server.stop();
  await using again = await startTestServer({ dataDir: server.folder });
  expect(readFileSync(join(server.folder, "admin-token"), "utf8").trim()).toBe(again.tokens.admin);
  expect(await codeOf(as(again, old).runs())).toBe("unauthorized");
  expect((await again.admin.runs()).runs).toEqual([]);
});

test("tokens are listed in pages, the newest first", async () => {
  await using server = await startTestServer();
  for (const name of ["a", "b", "c"]) await server.admin.createToken({ scope: "read", name });
  const first = await server.admin.tokens({ limit: 2 });
  expect(first.tokens.map(({ name }) => name)).toEqual(["c", "b"]);
  const second = await server.admin.tokens({ limit: 2, before: first.next! });
  expect(second.tokens.map(({ name }) => name)).toEqual(["a", "local-runner"]);
});

describe("a token that is bound to a runner", () => {
  async function bound(server: TestServer, name: string) {
    const { secret } = await server.admin.createToken({ scope: "runner", runner: name, name });
    return as(server, secret);
  }

  test("speaks for no other: it registers, leases and writes as that one only", async () => {
    await using server = await startTestServer();
    await server.admin.submitScan({ package: "lodash", version: "1.0.0" });
    const lease = await leaseNext(server); // runner-1, with the unbound token
    const other = await bound(server, "runner-2");
    expect(await codeOf(other.registerRunner(registration))).toBe("forbidden");
    expect(await codeOf(other.lease({ runner: "runner-1", wait_ms: 0 }))).toBe("forbidden");
    // Not even with the lease, had it leaked.
    expect(await codeOf(other.heartbeat(lease.run_id, lease.lease))).toBe("forbidden");
    expect(await codeOf(other.putSegment(lease.run_id, lease.lease, 0, segment(["/x"])))).toBe("forbidden");
    expect(await codeOf(other.putResult(lease.run_id, lease.lease, result(0)))).toBe("forbidden");
    expect((await server.admin.run(lease.run_id)).state).toBe("leased");
    await other.registerRunner({ ...registration, name: "runner-2" });
    expect(await other.lease({ runner: "runner-2", wait_ms: 0 })).toBeUndefined();
  });

  test("does its own runs", async () => {
    await using server = await startTestServer();
    const runner = await bound(server, "runner-1");
    await server.admin.submitScan({ package: "lodash", version: "1.0.0" });
    const lease = await leaseNext({ runner });
    await runner.heartbeat(lease.run_id, lease.lease);
    await runner.putSegment(lease.run_id, lease.lease, 0, segment(["/x"]));
    expect((await runner.putResult(lease.run_id, lease.lease, result(1))).state).toBe("done");
  });

  test("can only have the scope runner", async () => {
    await using server = await startTestServer();
    expect(await codeOf(server.admin.createToken({ scope: "admin", runner: "runner-1" }))).toBe("invalid_body");
  });
});
