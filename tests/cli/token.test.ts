import { expect, setDefaultTimeout, test } from "bun:test";
import { startTestServer } from "../server/support.ts";
import { run } from "./support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

test("a token made on the command line is printed alone on stdout, and works until it is revoked", async () => {
  await using server = await startTestServer();
  const env = { FANGS_SERVER: server.url, FANGS_TOKEN: server.tokens.admin };
  const made = await run(["token", "create", "-scope", "triage", "-name", "ann", "-expires", "90d"], env);
  expect(made.exit).toBe(0);
  expect(made.out).toMatch(/^fangs_triage_[\w-]{43}\n$/);
  expect(made.err).toMatch(/^ann may triage, until \d{4}-/);
  const own = { ...env, FANGS_TOKEN: made.out.trim() };
  expect((await run(["run", "list"], own)).exit).toBe(0);
  expect((await run(["token", "list"], own)).err).toContain("needs a token of the scope admin");

  const listed = await run(["token", "list"], env);
  expect(listed.out).toContain("ann");
  expect(listed.out).not.toContain(made.out.trim());
  const { tokens } = JSON.parse((await run(["token", "list", "--json"], env)).out);
  const ann = tokens.find(({ name }: { name: string }) => name === "ann");
  expect(ann.expires_at - ann.created_at).toBeCloseTo(90 * 86_400_000, -5);

  expect((await run(["token", "revoke", ann.id], env)).out).toBe("ann is revoked\n");
  expect((await run(["run", "list"], own)).err).toContain("The token is revoked");
  expect((await run(["token", "list"], env)).out).not.toContain("ann");
  expect((await run(["token", "list", "--all"], env)).out).toMatch(/ann .*revoked \d{4}-/);
});

test("the last admin token is not revoked, and the hint says what to do", async () => {
  await using server = await startTestServer();
  const env = { FANGS_SERVER: server.url, FANGS_TOKEN: server.tokens.admin };
  const { tokens } = JSON.parse((await run(["token", "list", "--json"], env)).out);
  const own = tokens.find(({ name }: { name: string }) => name === "local-admin");
  const { exit, err } = await run(["token", "revoke", own.id], env);
  expect(exit).toBe(2);
  expect(err).toContain("local-admin is the last valid admin token");
  expect(err).toContain("restart the server");
});

test("the trail is listed with filters, and one entry is shown whole", async () => {
  await using server = await startTestServer();
  const env = { FANGS_SERVER: server.url, FANGS_TOKEN: server.tokens.admin };
  await server.admin.addAllow({ kind: "dns", value: "a.example", note: "our\u001b[31m own" });
  const listed = await run(["audit", "list", "-action", "allow", "-actor", "local-admin", "-since", "1h"], env);
  expect(listed.out.split("\n")[1]).toContain("allow.add");
  expect(listed.out).not.toContain("\u001b");
  expect((await run(["audit", "list", "-since", "2020-01-01", "-subject", "nothing"], env)).err).toBe(
    "Nothing was changed.\n",
  );
  const { entries } = JSON.parse((await run(["audit", "list", "-action", "allow.add", "--json"], env)).out);
  expect(entries).toHaveLength(1);
  const shown = await run(["audit", "show", entries[0].id], env);
  expect(shown.out).toContain("a.example");
  expect((await run(["audit", "list", "-since", "yesterday"], env)).err).toContain("is no moment");
});
