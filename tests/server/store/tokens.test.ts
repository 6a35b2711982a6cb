import { expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createToken, findToken } from "../../../server/store/tokens.ts";
import { startTestServer, temporaryFolder, testServices } from "../support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

test("a token is found while it is valid and is not in the database in clear", async () => {
  const { db } = await testServices();
  const { secret, token } = await createToken(db, { name: "ci", scope: "triage", now: 1000 });
  expect(secret).toMatch(/^fangs_triage_[\w-]{43}$/);
  expect(await findToken(db, secret, 2000)).toEqual({
    identity: { token: token.id, name: "ci", scope: "triage", runner: null },
    state: "valid",
  });
  const rows = await db.query.selectFrom("token").selectAll().execute();
  expect(JSON.stringify(rows)).not.toContain(secret.slice(13));
  expect(rows[0]?.last_used).toBe(2000);
  await db.query.updateTable("token").set({ expires_at: 3000 }).execute();
  expect((await findToken(db, secret, 3000))?.state).toBe("expired");
  expect(await findToken(db, `${secret}x`, 2000)).toBeUndefined();
});

test("a new token of the same name revokes the old one", async () => {
  const { db } = await testServices();
  const { secret: first } = await createToken(db, { name: "ci", scope: "read", now: 1 });
  const { secret: second } = await createToken(db, { name: "ci", scope: "read", now: 2 });
  expect((await findToken(db, first, 3))?.state).toBe("revoked");
  expect((await findToken(db, second, 3))?.state).toBe("valid");
});

test("the first start leaves both tokens in files of its owner; a later start keeps them, and replaces a lost one", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "admin-token");
  await (await startTestServer({ dataDir: folder.path })).stop();
  const first = readFileSync(path, "utf8");
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(join(folder.path, "runner-token")).mode & 0o777).toBe(0o600);
  await (await startTestServer({ dataDir: folder.path })).stop();
  expect(readFileSync(path, "utf8")).toBe(first);
  writeFileSync(path, "");
  const server = await startTestServer({ dataDir: folder.path });
  expect(server.tokens.admin).not.toBe(first.trim());
  expect((await server.admin.runs()).runs).toEqual([]);
  await server.stop();
});
