/** Every route that changes something, called once with success: what the trail says of it. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { createClient } from "../../protocol/client.ts";
import { ROUTES } from "../../server/api/router.ts";
import { codeOf, completeRun, leaseOne, registration, startTestServer, type TestServer } from "./support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

type Call = (ann: TestServer["admin"], server: TestServer) => Promise<unknown>;

const reason = "because";
const behaviour = { actor: "import", category: "fs_new_path_read", value: "/b" };

/** A deviant run of lodash, whose baseline knows `/a`. */
async function deviant(server: TestServer) {
  await completeRun(server, ["/a"], { version: "0.9.0" });
  const run = await completeRun(server, ["/a", "/b"], { version: "1.0.0" });
  const { deviations } = await server.admin.deviations({ run: run.id });
  return { run, ids: deviations.map(({ id }) => id) };
}

const notifier = { name: "siem", url: "https://intake.example/fangs" };

/** By route: the actions it leaves under the caller's name, and a call that succeeds. */
const CHANGES: Record<string, [actions: string[], call: Call]> = {
  "POST /v1/packages": [["package.add"], (ann) => ann.addPackage({ name: "lodash", seed: 0 })],
  "PUT /v1/packages/:name": [
    ["package.set"],
    async (ann, server) => {
      await server.admin.addPackage({ name: "lodash", seed: 0 });
      await ann.setPackage("lodash", { severities: { net_new_dns: "low" } });
    },
  ],
  "POST /v1/packages/:name/reset": [
    ["package.reset"],
    async (ann, server) => {
      await completeRun(server, ["/a"]);
      await ann.resetPackage("lodash", reason);
    },
  ],
  "DELETE /v1/packages/:name": [
    ["package.remove"],
    async (ann, server) => {
      await server.admin.addPackage({ name: "lodash", seed: 0 });
      await ann.removePackage("lodash");
    },
  ],
  "POST /v1/scans": [["package.add"], (ann) => ann.submitScan({ package: "lodash", version: "1.0.0" })],
  "PUT /v1/baselines/:name": [
    ["baseline.import"],
    (ann) => ann.importBaseline("lodash", { node_major: 22, versions: ["1.0.0"], behaviours: [behaviour], reason }),
  ],
  "POST /v1/baselines/:name/undo": [
    ["baseline.undo"],
    async (ann, server) => {
      await server.admin.importBaseline("lodash", { node_major: 22, versions: ["1.0.0"], behaviours: [], reason });
      await ann.undoBaseline("lodash", reason);
    },
  ],
  "POST /v1/baselines/:name/rebuild": [
    ["baseline.rebuild"],
    async (ann, server) => {
      await completeRun(server, ["/a"]);
      const more = { node_major: 22, versions: ["1.0.0"], behaviours: [behaviour], reason };
      await server.admin.importBaseline("lodash", more);
      await ann.rebuildBaseline("lodash", reason);
    },
  ],
  "POST /v1/runs/:id/promote": [
    ["baseline.promote"],
    async (ann, server) => ann.promoteRun((await deviant(server)).run.id, reason),
  ],
  "POST /v1/runs/:id/reject": [
    ["baseline.reject"],
    async (ann, server) => ann.rejectRun((await deviant(server)).run.id, reason),
  ],
  "POST /v1/deviations/promote": [
    ["baseline.promote"],
    async (ann, server) => ann.promoteDeviations({ ids: (await deviant(server)).ids, reason }),
  ],
  "POST /v1/deviations/reject": [
    ["baseline.reject"],
    async (ann, server) => ann.rejectDeviations({ ids: (await deviant(server)).ids, reason }),
  ],
  "POST /v1/runs/:id/fail": [["run.fail"], async (ann, server) => ann.failRun((await leaseOne(server)).run_id, reason)],
  "POST /v1/runs/:id/cancel": [
    ["run.cancel"],
    async (ann, server) => ann.cancelRun((await leaseOne(server)).run_id, reason),
  ],
  "POST /v1/runs/:id/delete": [
    ["run.delete"],
    async (ann, server) => ann.deleteRun((await deviant(server)).run.id, reason),
  ],
  ...Object.fromEntries(
    (["pause", "drain", "resume"] as const).map((change): [string, [string[], Call]] => [
      `POST /v1/runners/:name/${change}`,
      [
        [`runner.${change}`],
        async (ann, server) => {
          await server.runner.registerRunner(registration);
          await ann.changeRunner(registration.name, change, reason);
        },
      ],
    ]),
  ),
  "DELETE /v1/runners/:name": [
    ["runner.remove"],
    async (ann, server) => {
      await server.runner.registerRunner(registration);
      await ann.removeRunner(registration.name, true);
    },
  ],
  "POST /v1/runs/:id/retry": [
    ["run.retry"],
    async (ann, server) => ann.retryRun((await completeRun(server, ["/a"])).id),
  ],
  "POST /v1/runs/:id/reanalyse": [
    ["run.reanalyse"],
    async (ann, server) => {
      const { run } = await deviant(server);
      await server.admin.addAllow({ kind: "path", value: "/b", note: "ours" });
      await ann.reanalyseRun(run.id, false);
    },
  ],
  "POST /v1/allow": [["allow.add"], (ann) => ann.addAllow({ kind: "dns", value: "a.example", note: "ours" })],
  "POST /v1/allow/import": [
    ["allow.add"],
    (ann) => ann.importAllow({ entries: [{ kind: "dns", value: "a.example", note: "ours" }] }),
  ],
  "DELETE /v1/allow/:id": [
    ["allow.remove"],
    async (ann, server) =>
      ann.removeAllow((await server.admin.addAllow({ kind: "dns", value: "a.example", note: "ours" })).id),
  ],
  "POST /v1/notifiers": [["notifier.add"], (ann) => ann.addNotifier(notifier)],
  "PUT /v1/notifiers/:name": [
    ["notifier.set"],
    async (ann, server) => {
      await server.admin.addNotifier(notifier);
      await ann.setNotifier("siem", { min_severity: "high" });
    },
  ],
  "DELETE /v1/notifiers/:name": [
    ["notifier.remove"],
    async (ann, server) => {
      await server.admin.addNotifier(notifier);
      await ann.removeNotifier("siem");
    },
  ],
  "POST /v1/notifiers/:name/test": [
    ["notifier.test"],
    async (ann, server) => {
      // Nothing may be connected to there, so nothing leaves this host.
      await server.admin.addNotifier({ ...notifier, url: "https://127.0.0.1/" });
      await ann.testNotifier("siem");
    },
  ],
  "POST /v1/tokens": [["token.create"], (ann) => ann.createToken({ scope: "read" })],
  "DELETE /v1/tokens/:id": [
    ["token.revoke"],
    async (ann, server) => ann.revokeToken((await server.admin.createToken({ scope: "read" })).id),
  ],
};

/** Routes that write and change nothing an operator decided: what runners do to the runs they hold, and signing in. */
const WORK = [
  "POST /v1/sign-ins",
  "POST /ui/session",
  "DELETE /ui/session",
  "PUT /v1/runners/:name",
  "POST /v1/jobs/lease",
  "PUT /v1/runs/:id/trace/:seq",
  "POST /v1/runs/:id/heartbeat",
  "POST /v1/runs/:id/hand-back",
  "POST /v1/runners/:name/stopped",
  "POST /v1/runs/:id/result",
];

test("the tables above name every route that writes, and no other", () => {
  const writing = ROUTES.filter(({ method }) => method !== "GET").map(({ method, path }) => `${method} ${path}`);
  expect(writing.toSorted()).toEqual([...Object.keys(CHANGES), ...WORK].toSorted());
});

test.each(Object.entries(CHANGES))("%s is in the trail with the name of the token that did it", async (_, change) => {
  const [actions, call] = change;
  await using server = await startTestServer();
  const { secret } = await server.admin.createToken({ scope: "admin", name: "ann" });
  await call(createClient({ url: server.url, token: secret }), server);
  const { entries } = await server.admin.audit({ actor: "ann" });
  expect(entries.map(({ action }) => action)).toEqual(actions);
  for (const { before, after } of entries) expect([before, after]).not.toEqual([null, null]);
});

test("the trail can be read by action, by its first word, by actor, subject and time, in pages", async () => {
  await using server = await startTestServer();
  for (const value of ["a.example", "b.example", "c.example"])
    await server.admin.addAllow({ kind: "dns", value, note: value, package: "lodash" });
  await server.admin.addPackage({ name: "axios", seed: 0 });
  const reasons = async (query: Parameters<TestServer["admin"]["audit"]>[0]) =>
    (await server.admin.audit(query)).entries.map(({ action, reason: note }) => note ?? action);

  expect(await reasons({ action: "allow.add" })).toEqual(["c.example", "b.example", "a.example"]);
  expect(await reasons({ action: "allow" })).toEqual(["c.example", "b.example", "a.example"]);
  expect(await reasons({ action: "all" })).toEqual([]);
  expect(await reasons({ subject: "axios" })).toEqual(["package.add"]);
  expect(await reasons({ actor: "fangs", action: "token" })).toEqual(["token.create", "token.create"]);
  expect(await reasons({ since: Date.now() + 60_000 })).toEqual([]);
  const first = await server.admin.audit({ subject: "lodash", limit: 2 });
  expect(first.entries.map(({ reason: note }) => note)).toEqual(["c.example", "b.example"]);
  const second = await server.admin.audit({ subject: "lodash", limit: 2, before: first.next! });
  expect(second.entries.map(({ reason: note }) => note)).toEqual(["a.example"]);
  expect(second.next).toBeNull();
});

test("a long entry is short in the list and whole by its id", async () => {
  await using server = await startTestServer();
  const behaviours = Array.from({ length: 1000 }, (_, i) => ({ ...behaviour, value: `/a/path/number/${i}` }));
  await server.admin.importBaseline("lodash", { node_major: 22, versions: ["1.0.0"], behaviours, reason });
  const [entry] = (await server.admin.audit({ action: "baseline.import" })).entries;
  expect(entry).toMatchObject({ after: null, shortened: true });
  const whole = await server.admin.auditEntry(entry!.id);
  expect(whole.shortened).toBe(false);
  expect(JSON.stringify(whole.after)).toContain("/a/path/number/999");
});

test("nobody but fangs writes the trail, and no body says who did it", async () => {
  await using server = await startTestServer();
  const call = (method: string, body?: string) =>
    fetch(`${server.url}/v1/audit`, {
      method,
      headers: { authorization: `Bearer ${server.tokens.admin}` },
      ...(body === undefined ? {} : { body }),
    });
  for (const method of ["POST", "PUT", "DELETE", "PATCH"]) expect((await call(method, "{}")).status).toBe(405);
  const claim = { kind: "dns", value: "a.example", note: "ours", actor: "import", created_by: "bob" } as const;
  expect(await codeOf(server.admin.addAllow(claim))).toBe("invalid_body");
});
