/** What an attack leaves: the right answer, a line in the log, and where somebody known went too far, an entry in the trail. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { configureLog } from "../../../log/log.ts";
import { createClient } from "../../../protocol/client.ts";
import type { Lease } from "../../../protocol/models.ts";
import { leaseOne, mint, registration, segment, startTestServer, type TestServer } from "../support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

let server: TestServer;
let lease: Lease;
const tokens: Record<string, string> = {};
let cookie: string;

/** What is logged from here on. */
function logged(): { lines: Record<string, unknown>[] } & Disposable {
  const lines: Record<string, unknown>[] = [];
  const before = configureLog({
    level: "info",
    format: "json",
    write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>),
  });
  return { lines, [Symbol.dispose]: () => void configureLog(before) };
}

interface Attack {
  method?: string;
  path: string | (() => string);
  /** Whose token is shown. */
  as?: string;
  headers?: () => Record<string, string>;
  body?: string | Uint8Array<ArrayBuffer>;
}

const trace = (): string => `/v1/runs/${lease.run_id}/trace/0`;
const other = segment(["/b"]);
const upload = (shown: () => string) => () => ({
  "fangs-lease": shown(),
  "fangs-sha256": new Bun.CryptoHasher("sha256").update(other).digest("hex"),
});

/** Name, request, status, code, who is in the trail. */
const attacks: [string, Attack, number, string, string | null][] = [
  ["no token", { path: "/v1/runs" }, 401, "unauthorized", null],
  ["a token that was revoked", { path: "/v1/runs", as: "revoked" }, 401, "unauthorized", "revoked"],
  ["a scope that does not suffice", { path: "/v1/tokens", as: "read" }, 403, "forbidden", "a-read"],
  [
    "a runner's name that is another's",
    { method: "PUT", path: "/v1/runners/runner-1", as: "runner", body: JSON.stringify(registration) },
    403,
    "forbidden",
    "a-runner",
  ],
  ["a tarball of no run of one's own", { path: "/v1/kept/lodash/1.0.0", as: "runner" }, 403, "forbidden", "a-runner"],
  [
    "another runner's run, even with its lease",
    { method: "PUT", path: trace, as: "bound", headers: upload(() => lease.lease), body: other },
    403,
    "forbidden",
    "bound",
  ],
  [
    "a lease that is none",
    { method: "PUT", path: trace, as: "runner", headers: upload(() => "guessed"), body: other },
    409,
    "lease_lost",
    null,
  ],
  [
    "a segment that comes again with other bytes",
    { method: "PUT", path: trace, as: "runner", headers: upload(() => lease.lease), body: other },
    409,
    "segment_mismatch",
    "a-runner",
  ],
  [
    "a page whose name was rebound",
    { path: "/v1/runs", as: "read", headers: () => ({ host: "evil.example" }) },
    421,
    "misdirected",
    null,
  ],
  [
    "a form of another site",
    { method: "POST", path: "/v1/scans", headers: () => ({ cookie }), body: "{}" },
    403,
    "forbidden",
    "a-browser",
  ],
  [
    "a page of another origin",
    { path: "/v1/runs", headers: () => ({ cookie, origin: "https://evil.example" }) },
    403,
    "forbidden",
    "a-browser",
  ],
  [
    "a body beyond its limit",
    { method: "POST", path: "/v1/allow", as: "read", body: new Uint8Array(65 * 1024) },
    403,
    "forbidden",
    "a-read",
  ],
  [
    "a body beyond its limit, by somebody who may send one",
    { method: "POST", path: "/v1/jobs/lease", as: "runner", body: new Uint8Array(65 * 1024) },
    413,
    "body_too_large",
    null,
  ],
];

describe("an attack", () => {
  beforeAll(async () => {
    server = await startTestServer({ requestsPerSecond: 0 });
    lease = await leaseOne(server);
    await server.runner.putSegment(lease.run_id, lease.lease, 0, segment(["/a"]));
    const bound = await server.admin.createToken({ scope: "runner", name: "bound", runner: "runner-2" });
    const revoked = await server.admin.createToken({ scope: "admin", name: "revoked" });
    await server.admin.revokeToken(revoked.id);
    Object.assign(tokens, { bound: bound.secret, revoked: revoked.secret });
    for (const scope of ["read", "runner"] as const) tokens[scope] = await mint(server.folder, scope, `a-${scope}`);
    const browser = await mint(server.folder, "triage", "a-browser");
    const { code } = await createClient({ url: server.url, token: browser }).signIn();
    const session = await fetch(`${server.url}/ui/session`, { method: "POST", body: JSON.stringify({ code }) });
    cookie = session.headers.get("set-cookie")!.split(";")[0]!;
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test.each(attacks)(
    "by %s is refused and logged, and in the trail where somebody known did it",
    async (_, attack, status, code, actor) => {
      const path = typeof attack.path === "string" ? attack.path : attack.path();
      const before = (await server.admin.audit({ action: "access.refuse", limit: 500 })).entries.length;
      using log = logged();
      const response = await fetch(server.url + path, {
        method: attack.method ?? "GET",
        headers: {
          ...(attack.as === undefined ? {} : { authorization: `Bearer ${tokens[attack.as]}` }),
          ...attack.headers?.(),
        },
        ...(attack.body === undefined ? {} : { body: attack.body }),
      });
      expect([response.status, await response.json()]).toEqual([status, expect.objectContaining({ code })]);
      expect(log.lines).toContainEqual(expect.objectContaining({ message: "refused a request", code, status, path }));
      const { entries } = await server.admin.audit({ action: "access.refuse", limit: 500 });
      const fresh = entries.slice(0, entries.length - before);
      expect(fresh.map((entry) => [entry.actor, entry.subject])).toEqual(
        actor === null ? [] : [[actor, `${attack.method ?? "GET"} ${path}`]],
      );
      for (const secret of [...Object.values(tokens), lease.lease]) {
        expect(JSON.stringify(log.lines)).not.toContain(secret);
        expect(JSON.stringify(entries)).not.toContain(secret);
      }
    },
  );

  test("a webhook to a cloud's metadata is not called, says why, and is logged; who added and tried it is in the trail", async () => {
    for (const [name, url] of [
      ["by-address", "https://169.254.169.254/latest/meta-data/"],
      ["by-number", "https://2852039166/latest/meta-data/"],
      ["mapped", "https://[::ffff:169.254.169.254]/"],
    ]) {
      await server.admin.addNotifier({ name: name!, url: url! });
      using log = logged();
      const tried = await server.admin.testNotifier(name!);
      expect([name, tried.state, tried.attempts.map(({ status }) => status)]).toEqual([name, "failed", [null]]);
      expect(tried.attempts[0]!.error).toContain("metadata service");
      expect(log.lines).toContainEqual(
        expect.objectContaining({ message: "a message was not delivered", notifier: name }),
      );
      const { entries } = await server.admin.audit({ subject: name! });
      expect(entries.map(({ action, actor }) => [action, actor])).toEqual([
        ["notifier.test", "local-admin"],
        ["notifier.add", "local-admin"],
      ]);
    }
  });

  test("what was attacked is as it was", async () => {
    expect(await server.admin.traceSegment(lease.run_id, 0)).toEqual(segment(["/a"]));
    expect((await server.admin.run(lease.run_id)).runner).toBe(registration.name);
    expect((await server.admin.runners()).runners.map(({ name }) => name)).toEqual([registration.name]);
  });
});
