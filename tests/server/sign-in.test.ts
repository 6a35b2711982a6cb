import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { run } from "../cli/support.ts";
import { storeOf } from "../stores/stores.ts";
import { codeOf, completeRun, mint, startTestServer, type TestServer } from "./support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

function redeem(server: TestServer, code: string): Promise<Response> {
  return fetch(`${server.url}/ui/session`, { method: "POST", body: JSON.stringify({ code }) });
}

/** A browser that signed in as the holder of this token. */
async function signIn(server: TestServer, token = server.tokens.admin) {
  const headers = { authorization: `Bearer ${token}` };
  const link = await fetch(`${server.url}/v1/sign-ins`, { method: "POST", headers });
  const { code } = (await link.json()) as { code: string };
  const answer = await redeem(server, code);
  const setCookie = answer.headers.get("set-cookie")!;
  const cookie = setCookie.split(";")[0]!;
  const browse = (path: string, init: { method?: string; headers?: Record<string, string>; body?: string } = {}) =>
    fetch(server.url + path, { ...init, headers: { ...init.headers, cookie } });
  const page = await (await browse("/ui/")).text();
  const csrf = /<meta name="csrf" content="([^"]+)">/.exec(page)?.[1] ?? "";
  return { code, setCookie, cookie, browse, csrf, page };
}

test("`fangs ui` prints a link whose code is in the fragment, and which signs in exactly once", async () => {
  await using server = await startTestServer();
  const { out, exit } = await run(["ui"], { FANGS_SERVER: server.url, FANGS_TOKEN: server.tokens.admin });
  expect(exit).toBe(0);
  const url = new URL(out.trim());
  expect([url.origin, url.pathname, url.search]).toEqual([server.url, "/ui/", ""]);
  const code = url.hash.slice(1);
  expect(code).toMatch(/^[\w-]{43}$/);
  expect((await redeem(server, code)).status).toBe(204);
  const again = await redeem(server, code);
  expect(again.status).toBe(401);
  expect(await again.json()).toMatchObject({ code: "unauthorized", hint: expect.stringContaining("fangs ui") });
});

test("of many who use one link at the same moment one is signed in", async () => {
  await using server = await startTestServer();
  const { code } = await server.admin.signIn();
  const answers = await Promise.all(Array.from({ length: 10 }, () => redeem(server, code)));
  expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
});

test("a link that is two minutes old signs nobody in", async () => {
  await using server = await startTestServer();
  const { code, expires_at } = await server.admin.signIn();
  expect(expires_at - Date.now()).toBeLessThanOrEqual(120_000);
  const { openStore } = await import("../../server/store/open.ts");
  const db = openStore(await storeOf(server.folder));
  await db.query.updateTable("sign_in").set({ expires_at: 1 }).execute();
  const stored = JSON.stringify(await db.query.selectFrom("sign_in").selectAll().execute());
  await db.close();
  expect(stored).not.toContain(code);
  expect((await redeem(server, code)).status).toBe(401);
});

test("the cookie is out of reach of scripts and other sites, and ends within a working day", async () => {
  await using server = await startTestServer();
  const { setCookie } = await signIn(server);
  expect(setCookie).toContain("HttpOnly");
  expect(setCookie).toContain("SameSite=Strict");
  expect(setCookie).toContain("Path=/");
  expect(Number(/Max-Age=(\d+)/.exec(setCookie)?.[1])).toBeLessThanOrEqual(12 * 3600);
});

test("the page says who is signed in and what ran last, escapes it, and has nothing inline", async () => {
  await using server = await startTestServer();
  await completeRun(server, ["/a"]);
  const { secret } = await server.admin.createToken({ scope: "read", name: "ann" });
  const { page, browse } = await signIn(server, secret);
  expect(page).toContain("Signed in as <b>ann</b> (read)");
  expect(page).toContain("<td>lodash</td><td>1.0.0</td><td>seeded</td>");
  expect(page).not.toMatch(/<script(?![^>]*\ssrc=)|<style| on[a-z]+=|style=/);
  const response = await browse("/ui/");
  const policy = response.headers.get("content-security-policy")!;
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toContain("unsafe");
  expect(response.headers.get("referrer-policy")).toBe("no-referrer");
  for (const path of ["/ui/sign-in.js", "/ui/page.css"]) expect((await fetch(server.url + path)).status).toBe(200);
});

test("whoever is not signed in sees how to, and nothing of the runs", async () => {
  await using server = await startTestServer();
  await completeRun(server, ["/a"]);
  const page = await (await fetch(`${server.url}/ui/`)).text();
  expect(page).toContain("fangs ui");
  expect(page).not.toContain("lodash");
  const wrong = await fetch(`${server.url}/ui/`, { headers: { cookie: "fangs=nonsense; fangs=%zz; =;;" } });
  expect(await wrong.text()).not.toContain("lodash");
});

describe("a session", () => {
  test("may what its token may, until that is revoked, expires, or the user signs out", async () => {
    await using server = await startTestServer();
    const made = await server.admin.createToken({ scope: "read", name: "ann" });
    const { browse, csrf } = await signIn(server, made.secret);
    expect((await browse("/v1/runs")).status).toBe(200);
    expect((await browse("/v1/tokens")).status).toBe(403);
    await server.admin.revokeToken(made.id);
    expect((await browse("/v1/runs")).status).toBe(401);

    const other = await signIn(server);
    const out = await other.browse("/ui/session", { method: "DELETE", headers: { "fangs-csrf": other.csrf } });
    expect(out.status).toBe(204);
    expect(out.headers.get("set-cookie")).toContain("Max-Age=0");
    expect((await other.browse("/v1/runs")).status).toBe(401);
    expect(csrf).not.toBe(other.csrf);
  });

  test("writes with the token of its own page only, and the trail has its name", async () => {
    await using server = await startTestServer();
    const { secret } = await server.admin.createToken({ scope: "triage", name: "ann" });
    const { browse, csrf } = await signIn(server, secret);
    const stranger = await signIn(server);
    const add = (headers: Record<string, string>) =>
      browse("/v1/packages", { method: "POST", headers, body: JSON.stringify({ name: "lodash", seed: 0 }) });
    for (const headers of [{}, { "fangs-csrf": "" }, { "fangs-csrf": `${csrf}x` }, { "fangs-csrf": stranger.csrf }]) {
      const refused = await add(headers);
      expect(refused.status).toBe(403);
      expect(await refused.json()).toMatchObject({ code: "forbidden" });
    }
    expect((await server.admin.packages()).packages).toEqual([]);
    expect((await add({ "fangs-csrf": csrf })).status).toBe(201);
    const { entries } = await server.admin.audit({ actor: "ann" });
    expect(entries.map(({ action }) => action)).toContain("package.add");
    expect(entries.map(({ action }) => action)).toContain("access.refuse");
  });

  test("is of no use to pages of other origins, of other ports too", async () => {
    await using server = await startTestServer();
    const { browse, csrf } = await signIn(server);
    const port = Number(new URL(server.url).port);
    for (const headers of [
      { origin: "https://evil.example" },
      { origin: "null" },
      { origin: `http://127.0.0.1:${port + 1}` },
      { origin: `https://127.0.0.1:${port}` },
      { origin: `http://localhost:${port}` },
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
    ] as Record<string, string>[]) {
      expect([headers, (await browse("/v1/runs", { headers })).status]).toEqual([headers, 403]);
      const write = await browse("/ui/session", { method: "DELETE", headers: { ...headers, "fangs-csrf": csrf } });
      expect(write.status).toBe(403);
    }
    const own = { origin: server.url, "sec-fetch-site": "same-origin" };
    expect((await browse("/v1/runs", { headers: own })).status).toBe(200);
  });

  test("cannot be had for a runner's token", async () => {
    await using server = await startTestServer();
    expect(await codeOf(server.runner.signIn())).toBe("forbidden");
    expect(await mint(server.folder, "runner")).toStartWith("fangs_runner_");
  });
});

test("no answer ever lets a page of another origin read it", async () => {
  await using server = await startTestServer();
  const { cookie } = await signIn(server);
  for (const path of ["/v1/health", "/v1/runs", "/ui/", "/metrics", "/v1/nothing"]) {
    for (const method of ["GET", "OPTIONS", "POST"]) {
      const headers = { origin: "https://evil.example", cookie, "access-control-request-method": "POST" };
      const response = await fetch(server.url + path, { method, headers });
      const named = [...response.headers.keys()].filter((name) => name.startsWith("access-control-"));
      expect([path, method, named]).toEqual([path, method, []]);
    }
  }
});
