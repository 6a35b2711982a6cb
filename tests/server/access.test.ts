import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { TOKEN_SCOPES } from "../../protocol/models.ts";
import { ROUTES } from "../../server/api/router.ts";
import { openStore } from "../../server/store/open.ts";
import { storeOf } from "../stores/stores.ts";
import { mint, startTestServer, type TestServer } from "./support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

/** Who may call what, written out once more on purpose. A new route fails here until somebody has thought about it. */
const ALLOWED: Record<string, string> = {
  "GET /v1/health": "nobody read triage runner admin",
  "GET /v1/ready": "nobody read triage runner admin",
  "GET /metrics": "read triage admin",
  "POST /v1/scans": "triage admin",
  "GET /v1/scans/:id": "read triage admin",
  "GET /v1/runs": "read triage admin",
  "GET /v1/pending": "read triage admin",
  "GET /v1/runs/:id": "read triage admin",
  "GET /v1/runs/:id/events": "read triage admin",
  "GET /v1/runs/:id/tree": "read triage admin",
  "POST /v1/runs/:id/reanalyse": "triage admin",
  "POST /v1/runs/:id/fail": "triage admin",
  "POST /v1/runs/:id/cancel": "triage admin",
  "POST /v1/runs/:id/delete": "triage admin",
  "POST /v1/runs/:id/hand-back": "runner admin",
  "POST /v1/runs/:id/retry": "triage admin",
  "POST /v1/runs/:id/promote": "triage admin",
  "POST /v1/runs/:id/reject": "triage admin",
  "GET /v1/runs/:id/trace/:seq": "read triage admin",
  "PUT /v1/runs/:id/trace/:seq": "runner admin",
  "POST /v1/runs/:id/heartbeat": "runner admin",
  "POST /v1/runs/:id/result": "runner admin",
  "GET /v1/deviations": "read triage admin",
  "GET /v1/deviations/:id": "read triage admin",
  "POST /v1/deviations/promote": "triage admin",
  "POST /v1/deviations/reject": "triage admin",
  "GET /v1/packages": "read triage admin",
  "GET /v1/packages/:name": "read triage admin",
  "PUT /v1/packages/:name": "triage admin",
  "POST /v1/packages/:name/reset": "triage admin",
  "POST /v1/packages": "triage admin",
  "DELETE /v1/packages/:name": "triage admin",
  "GET /v1/releases/:name": "read triage admin",
  "GET /v1/baselines/:name": "read triage admin",
  "GET /v1/baselines/:name/history": "read triage admin",
  "PUT /v1/baselines/:name": "triage admin",
  "POST /v1/baselines/:name/undo": "triage admin",
  "POST /v1/baselines/:name/rebuild": "triage admin",
  "GET /v1/allow": "read triage admin",
  "POST /v1/allow": "triage admin",
  "POST /v1/allow/import": "triage admin",
  "DELETE /v1/allow/:id": "triage admin",
  "GET /v1/notifiers": "read triage admin",
  "POST /v1/notifiers": "admin",
  "GET /v1/notifiers/:name": "read triage admin",
  "PUT /v1/notifiers/:name": "admin",
  "DELETE /v1/notifiers/:name": "admin",
  "POST /v1/notifiers/:name/test": "admin",
  "GET /v1/notifications": "read triage admin",
  "PUT /v1/runners/:name": "runner admin",
  "GET /v1/runners": "read triage admin",
  "POST /v1/runners/:name/pause": "admin",
  "POST /v1/runners/:name/drain": "admin",
  "POST /v1/runners/:name/resume": "admin",
  "POST /v1/runners/:name/stopped": "runner admin",
  "DELETE /v1/runners/:name": "admin",
  "GET /v1/jobs": "read triage admin",
  "POST /v1/jobs/lease": "runner admin",
  "GET /v1/kept/:name": "runner admin",
  "GET /v1/kept/:name/:version": "runner admin",
  "GET /v1/tokens": "admin",
  "POST /v1/tokens": "admin",
  "DELETE /v1/tokens/:id": "admin",
  "GET /v1/audit": "triage admin",
  "GET /v1/audit/:id": "triage admin",
  "GET /v1/retention": "read triage admin",
  "GET /v1/verdict/:name/:version": "read triage admin",
  "POST /v1/sign-ins": "read triage admin",
  "GET /ui/": "nobody read triage runner admin",
  "GET /ui/sign-in.js": "nobody read triage runner admin",
  "GET /ui/page.css": "nobody read triage runner admin",
  "POST /ui/session": "nobody read triage runner admin",
  "DELETE /ui/session": "read triage admin",
  "GET /v1/hunt": "read triage admin",
  "GET /v1/openapi.json": "read triage admin",
};

let server: TestServer;
const tokens: Record<string, string> = {};
beforeAll(async () => {
  server = await startTestServer();
  for (const scope of TOKEN_SCOPES) tokens[scope] = await mint(server.folder, scope);
});
afterAll(() => server[Symbol.asyncDispose]());

function call(method: string, path: string, authorization?: string): Promise<Response> {
  const filled = path.replace(/:\w+/g, "019e0000-0000-7000-8000-000000000000");
  const headers = authorization === undefined ? {} : { authorization };
  return fetch(server.url + filled, { method, headers, ...(method === "GET" ? {} : { body: "{}" }) });
}

test("the table above names every route and no other", () => {
  expect(ROUTES.map((route) => `${route.method} ${route.path}`).toSorted()).toEqual(Object.keys(ALLOWED).toSorted());
});

describe.each(Object.entries(ALLOWED))("%s", (route, allowed) => {
  const [method, path] = route.split(" ") as [string, string];

  test.each([undefined, ...TOKEN_SCOPES])(
    "with a token of the scope %p is open or closed as the table says",
    async (scope) => {
      const response = await call(method, path, scope === undefined ? undefined : `Bearer ${tokens[scope]}`);
      const text = await response.text();
      if (allowed.split(" ").includes(scope ?? "nobody")) {
        // Its scope suffices; that it does no run of what is asked for is another matter.
        expect(response.status).not.toBe(401);
        if (response.status === 403)
          expect(JSON.parse(text).detail).toStartWith("No runner of this token does a run of ");
      } else {
        expect(response.status).toBe(scope === undefined ? 401 : 403);
        expect(response.headers.get("content-type")).toBe("application/problem+json");
        expect(JSON.parse(text)).toMatchObject({
          code: scope === undefined ? "unauthorized" : "forbidden",
          status: response.status,
        });
      }
    },
  );
});

test("tokens that are unknown, altered, revoked, expired or of another kind open nothing", async () => {
  const revoked = await mint(server.folder, "admin", "to-revoke");
  const expired = await mint(server.folder, "admin", "to-expire");
  const db = openStore(await storeOf(server.folder));
  await db.query.updateTable("token").set({ expires_at: 1 }).where("name", "=", "to-expire").execute();
  await db.query.updateTable("token").set({ revoked_at: 1 }).where("name", "=", "to-revoke").execute();
  await db.close();
  const admin = server.tokens.admin;
  const bad = [
    "",
    "Bearer",
    "Bearer ",
    `Basic ${admin}`,
    admin,
    `Bearer ${admin}x`,
    `Bearer ${admin.slice(0, -1)}`,
    `Bearer ${admin.replace("admin", "read")}`,
    `Bearer ${revoked}`,
    `Bearer ${expired}`,
    "Bearer fangs_admin_",
  ];
  for (const authorization of bad) expect((await call("GET", "/v1/runs", authorization)).status).toBe(401);
  expect((await call("GET", "/v1/runs", `Bearer ${admin}`)).status).toBe(200);
});
