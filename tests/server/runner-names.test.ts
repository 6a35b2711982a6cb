/** A runner's name is its token's, and what is kept is for whoever examines it. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { createClient } from "../../protocol/client.ts";
import { keptTarballs } from "../../server/kept-tarballs.ts";
import { openStore } from "../../server/store/open.ts";
import { storeOf } from "../stores/stores.ts";
import { codeOf, leaseNext, mint, registration, startTestServer, type TestServer } from "./support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

const { name } = registration;
const as = (server: TestServer, token: string) => createClient({ url: server.url, token });
const runner = async (server: TestServer, token: string) => as(server, await mint(server.folder, "runner", token));

test("a runner's name is the first token's that used it: another one can neither register, lease nor end it", async () => {
  await using server = await startTestServer();
  const [first, second] = [await runner(server, "first"), await runner(server, "second")];
  await first.registerRunner(registration);
  await server.admin.submitScan({ package: "lodash", version: "1.0.0" });
  expect(await codeOf(second.registerRunner({ ...registration, image: "mine" }))).toBe("forbidden");
  expect(await codeOf(second.lease({ runner: name, wait_ms: 0 }))).toBe("forbidden");
  expect(await codeOf(second.runnerStopped(name))).toBe("forbidden");
  const [known] = (await server.admin.runners()).runners;
  expect([known!.image, known!.state]).toEqual([registration.image, "active"]);
  expect(await first.lease({ runner: name, wait_ms: 0 })).toBeDefined();
  // Another name is free, and the first's own it can take again as often as it likes.
  await second.registerRunner({ ...registration, name: "runner-2" });
  await first.registerRunner(registration);
  // The trail has who tried.
  const { entries } = await server.admin.audit({ actor: "second" });
  expect(entries.map(({ action, subject }) => [action, subject])).toContainEqual([
    "access.refuse",
    `PUT /v1/runners/${name}`,
  ]);
});

test("of many tokens that use a name at the same moment one has it", async () => {
  await using server = await startTestServer();
  const runners = await Promise.all(["a", "b", "c", "d", "e"].map((token) => runner(server, token)));
  const codes = await Promise.all(runners.map((one) => codeOf(one.registerRunner(registration))));
  expect(codes.toSorted()).toEqual(["forbidden", "forbidden", "forbidden", "forbidden", "no error"]);
});

test("a name is free again when its token is revoked or ended, or the runner is forgotten", async () => {
  await using server = await startTestServer();
  const made = await server.admin.createToken({ scope: "runner", name: "old" });
  await as(server, made.secret).registerRunner(registration);
  const next = await runner(server, "next");
  expect(await codeOf(next.registerRunner(registration))).toBe("forbidden");
  await server.admin.revokeToken(made.id);
  await next.registerRunner(registration);

  const last = await runner(server, "last");
  expect(await codeOf(last.registerRunner(registration))).toBe("forbidden");
  const db = openStore(await storeOf(server.folder));
  await db.query.updateTable("token").set({ expires_at: 1 }).where("name", "=", "next").execute();
  await db.close();
  await last.registerRunner(registration);

  await server.admin.removeRunner(name, true);
  await (await runner(server, "very-last")).registerRunner(registration);
});

test("a token that was made for a name has it, whoever used it before; an administrator takes it from nobody", async () => {
  await using server = await startTestServer();
  const squatter = await runner(server, "squatter");
  await squatter.registerRunner(registration);
  const made = await server.admin.createToken({ scope: "runner", name: "own", runner: name });
  const own = as(server, made.secret);
  // From the moment that there is one, before it is used.
  expect(await codeOf(squatter.registerRunner(registration))).toBe("forbidden");
  await own.registerRunner(registration);
  expect(await codeOf(squatter.lease({ runner: name, wait_ms: 0 }))).toBe("forbidden");
  await server.admin.registerRunner(registration);
  await own.registerRunner(registration);
  expect(await own.lease({ runner: name, wait_ms: 0 })).toBeUndefined();
  // Whether there is another runner of this name is not told.
  expect(await codeOf(own.lease({ runner: "another", wait_ms: 0 }))).toBe("forbidden");
});

test("what is kept of a release is there for the runner that does a run of it, while it does, and for no other", async () => {
  await using server = await startTestServer();
  const bytes = Uint8Array.from(new TextEncoder().encode("a tarball"));
  const integrity = `sha512-${new Bun.CryptoHasher("sha512").update(bytes).digest("base64")}`;
  await keptTarballs(join(server.folder, "tarballs")).put(integrity, bytes);
  const db = openStore(await storeOf(server.folder));
  const manifest = (version: string) => ({
    ...{ name: "lodash", version },
    dist: { tarball: "http://registry.test/x.tgz", integrity },
  });
  await server.admin.submitScan({ package: "lodash", version: "1.0.0" });
  for (const version of ["1.0.0", "1.1.0"]) {
    await db.query
      .insertInto("release")
      .values({
        ...{ package: "lodash", version, fingerprint: version, cause: "published", tags: "[]", signatures: 0 },
        ...{ manifest: JSON.stringify(manifest(version)), provenance: 0, seen_at: 1, run_id: null },
        ...{ tarball_bytes: bytes.length, tarball_error: null, fetch_at: null, fetches: 1 },
      })
      .execute();
  }
  await db.close();
  const other = await runner(server, "other");
  const getBoth = (client: TestServer["runner"]) =>
    Promise.all([codeOf(client.keptReleases("lodash")), codeOf(client.keptTarball("lodash", "1.0.0"))]);
  await other.registerRunner({ ...registration, name: "runner-2" });
  await server.runner.registerRunner(registration);
  expect(await getBoth(server.runner)).toEqual(["forbidden", "forbidden"]);

  const lease = await leaseNext(server);
  expect((await server.runner.keptReleases("lodash")).releases.map(({ version }) => version)).toContain("1.0.0");
  expect(await server.runner.keptTarball("lodash", "1.0.0")).toEqual(bytes);
  expect(await codeOf(server.runner.keptTarball("lodash", "1.1.0"))).toBe("forbidden");
  expect(await codeOf(server.runner.keptReleases("axios"))).toBe("forbidden");
  expect(await getBoth(other)).toEqual(["forbidden", "forbidden"]);
  expect(await server.admin.keptTarball("lodash", "1.1.0")).toEqual(bytes);

  await server.runner.handBack(lease.run_id, lease.lease);
  expect(await getBoth(server.runner)).toEqual(["forbidden", "forbidden"]);
});
