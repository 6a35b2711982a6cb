/** The same attacks on every route there is: what keeps them off must not be left to each route. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createClient } from "../../../protocol/client.ts";
import { CSRF_HEADER } from "../../../protocol/sign-in.ts";
import { createRouter, ROUTES } from "../../../server/api/router.ts";
import { callerOf } from "../../../server/caller.ts";
import { createToken, markRevoked } from "../../../server/store/tokens.ts";
import { sendRaw } from "../raw.ts";
import { mint, startTestServer, type TestServer, testServices } from "../support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(240_000);

let server: TestServer;
/** Of an administrator's browser. */
let cookie: string;
beforeAll(async () => {
  server = await startTestServer({ hosts: ["x"], requestsPerSecond: 0 });
  const { code } = await createClient({ url: server.url, token: await mint(server.folder, "admin") }).signIn();
  const session = await fetch(`${server.url}/ui/session`, { method: "POST", body: JSON.stringify({ code }) });
  cookie = session.headers.get("set-cookie")!.split(";")[0]!;
});
afterAll(() => server[Symbol.asyncDispose]());

const fill = (path: string): string => path.replaceAll(/:\w+/g, "0");
const problem = async (response: Response): Promise<[number, string | undefined]> => {
  const { code } = (await response.json()) as { code?: string };
  return [response.status, code];
};

describe.each(ROUTES.map((route) => [`${route.method} ${route.path}`, route] as const))("%s", (_, route) => {
  const { method, path, scope, limit } = route;
  const isWrite = method !== "GET";
  const call = (
    headers: Record<string, string>,
    body?: string | Uint8Array<ArrayBuffer> | ReadableStream,
  ): Promise<Response> =>
    fetch(server.url + fill(path), { method, headers, ...(isWrite ? { body: body ?? "{}" } : {}) });
  const admin = () => ({
    authorization: `Bearer ${server.tokens.admin}`,
    ...Object.fromEntries((route.headers ?? []).map((header) => [header, "0"])),
  });

  test("is not for a page whose name was rebound to this address, whatever token it has", async () => {
    expect(await problem(await call({ ...admin(), host: "evil.example" }))).toEqual([421, "misdirected"]);
  });

  test("is not reached past another one by a short Host", async () => {
    const auth = `Authorization: Bearer ${server.tokens.admin}\r\n`;
    const raw = await sendRaw(
      server.url,
      `${method} /v1/health${fill(path)} HTTP/1.1\r\nHost: x\r\n${auth}Content-Length: 0\r\nConnection: close\r\n\r\n`,
    );
    expect(raw).toMatch(/^HTTP\/1\.1 40[45] /);
  });

  if (scope !== "public") {
    test("is not for pages of other origins that a signed-in browser shows", async () => {
      const foreign: Record<string, string>[] = [
        { origin: "https://evil.example" },
        { origin: "null" },
        { "sec-fetch-site": "cross-site" },
      ];
      // A form needs no script, and sends no such header.
      if (isWrite) foreign.push({}, { [CSRF_HEADER]: "guessed" }, { "content-type": "text/plain" });
      for (const headers of foreign)
        expect([headers, await problem(await call({ ...headers, cookie }))]).toEqual([headers, [403, "forbidden"]]);
    });
  }

  if (isWrite) {
    test("takes no body beyond its limit, whether its length was told or not", async () => {
      const one = new Uint8Array(limit + 1);
      expect(await problem(await call(admin(), one))).toEqual([413, "body_too_large"]);
      const stream = new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(one.slice(0, limit));
          controller.enqueue(one.slice(limit));
          controller.close();
        },
      });
      expect(await problem(await call(admin(), stream))).toEqual([413, "body_too_large"]);
    });
  }
});

test("no route opens to a token that was revoked, has ended, is altered, or is shown in another way", async () => {
  const services = await testServices();
  // Without a socket: an address that shows many wrong tokens is not even told that they are.
  const answer = createRouter(services);
  const admin = { scope: "admin", now: 1 } as const;
  const revoked = await createToken(services.db, { ...admin, name: "revoked" });
  await markRevoked(services.db, revoked.token.id, 2);
  const expired = await createToken(services.db, { ...admin, name: "expired", expires_at: 2 });
  const valid = await createToken(services.db, { ...admin, name: "valid" });
  const wrong: Record<string, string>[] = [
    { authorization: `Bearer ${revoked.secret}` },
    { authorization: `Bearer ${expired.secret}` },
    { authorization: `Bearer ${valid.secret.slice(0, -1)}` },
    { authorization: `Basic ${btoa(`admin:${valid.secret}`)}` },
    { cookie: `fangs=${valid.secret}` },
    { "x-api-key": valid.secret, "x-forwarded-for": "127.0.0.1" },
  ];
  for (const { method, path, scope } of ROUTES) {
    if (scope === "public") continue;
    for (const headers of wrong) {
      const body = method === "GET" ? {} : { body: "{}" };
      const request = new Request(`http://127.0.0.1${fill(path)}`, { method, headers, ...body });
      callerOf(request).address = crypto.randomUUID();
      expect([path, headers, await problem(await answer(request))]).toEqual([path, headers, [401, "unauthorized"]]);
    }
  }
});
