import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { configureLog } from "../../log/log.ts";
import { ROUTES } from "../../server/api/router.ts";
import { createClient } from "../../protocol/client.ts";
import { run } from "../cli/support.ts";
import { storeOf } from "../stores/stores.ts";
import { codeOf, leaseNext, startTestServer, temporaryFolder, type TestServer } from "./support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

const folder = temporaryFolder();
const file = (name: string) => join(folder.path, name);
const text = (name: string) => readFileSync(file(name), "utf8");
const tls = { cert: file("server.pem"), key: file("server-key.pem"), ca: file("ca.pem") };
const anyPort = { hostname: "127.0.0.1", port: 0 };

beforeAll(async () => {
  const hosts = ["-host", "localhost", "-host", "127.0.0.1", "-host", "fangs.example", "-host", "::1"];
  const { exit, err } = await run(["tls", "init", folder.path, ...hosts, "-runner", "build-7", "-runner", "build-8"]);
  expect({ exit, err }).toEqual({ exit: 0, err: expect.stringContaining("docs/tls.md") });
  const other = await run(["tls", "init", file("other"), "-runner", "stranger"]);
  expect(other.exit).toBe(0);
});
afterAll(() => folder[Symbol.dispose]());

describe("`fangs tls init`", () => {
  test("makes an authority, a server's and each runner's certificate; keys are their owner's only", () => {
    for (const name of ["ca", "server", "runner-build-7", "runner-build-8"]) {
      expect([name, statSync(file(`${name}-key.pem`)).mode & 0o777]).toEqual([name, 0o600]);
      const certificate = new X509Certificate(text(`${name}.pem`));
      expect(certificate.verify(new X509Certificate(text("ca.pem")).publicKey)).toBe(true);
      const days = (Date.parse(certificate.validTo) - Date.now()) / 86_400_000;
      expect(Math.round(days)).toBe(name === "ca" ? 3650 : 365);
    }
    expect(statSync(folder.path).mode & 0o777).toBe(0o700);
    const server = new X509Certificate(text("server.pem"));
    expect(server.checkHost("fangs.example")).toBe("fangs.example");
    expect(server.checkIP("127.0.0.1")).toBe("127.0.0.1");
    expect([server.ca, new X509Certificate(text("ca.pem")).ca]).toEqual([false, true]);
  });

  test("run again renews the certificates under the authority that is there", async () => {
    const [ca, old] = [text("ca.pem"), new X509Certificate(text("runner-build-8.pem"))];
    const again = await run([
      "tls",
      "init",
      folder.path,
      "-host",
      "localhost",
      "-host",
      "127.0.0.1",
      "-host",
      "fangs.example",
      "-host",
      "::1",
      "-runner",
      "build-8",
      "-valid",
      "30d",
      "--json",
    ]);
    const { certificates } = JSON.parse(again.out) as { certificates: { cert: string }[] };
    expect(certificates.map(({ cert }) => cert)).toEqual([file("server.pem"), file("runner-build-8.pem")]);
    expect(text("ca.pem")).toBe(ca);
    const renewed = new X509Certificate(text("runner-build-8.pem"));
    expect(renewed.serialNumber).not.toBe(old.serialNumber);
    expect(renewed.verify(new X509Certificate(ca).publicKey)).toBe(true);
    expect(Date.parse(renewed.validTo)).toBeLessThan(Date.parse(old.validTo));
  });

  test("does not sign with half an authority, and takes no name that is none", async () => {
    using half = temporaryFolder();
    writeFileSync(join(half.path, "ca.pem"), text("ca.pem"));
    expect((await run(["tls", "init", half.path])).err).toContain("one half of an authority");
    for (const name of ["../x", "a b", ""])
      expect((await run(["tls", "init", half.path, "-runner", name])).exit).toBe(2);
  });
});

describe("the listener for runners", () => {
  let server: TestServer;
  let runnerUrl: string;
  beforeAll(async () => {
    server = await startTestServer({ tls, runners: { listen: anyPort, only: true } });
    runnerUrl = server.runnerUrl!;
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const certificate = (name: string) => ({ cert: text(`${name}.pem`), key: text(`${name}-key.pem`) });
  const ask = (path: string, options: { cert?: string; key?: string }, init: RequestInit = {}, base = runnerUrl) =>
    fetch(base + path, {
      ...init,
      headers: { authorization: `Bearer ${server.tokens.admin}` },
      tls: { ca: text("ca.pem"), ...options },
    });

  test("lets nobody in without a certificate of the authority, whatever token it has", async () => {
    const cases: [string, { cert?: string; key?: string }][] = [
      ["none", {}],
      ["one of another authority", certificate("other/runner-stranger")],
      ["the server's own", certificate("server")],
    ];
    for (const [name, options] of cases) {
      const outcome = await ask("/v1/jobs/lease", options, { method: "POST", body: "{}" }).then(
        ({ status }) => status,
        () => "refused",
      );
      expect([name, outcome]).toEqual([name, "refused"]);
    }
    const plain = fetch(`${runnerUrl.replace("https", "http")}/v1/jobs/lease`, { method: "POST" });
    expect(
      await plain.then(
        ({ status }) => status >= 400,
        () => true,
      ),
    ).toBe(true);
  });

  test("still asks for a token", async () => {
    const response = await fetch(`${runnerUrl}/v1/jobs/lease`, {
      method: "POST",
      tls: { ca: text("ca.pem"), ...certificate("runner-build-7") },
    });
    expect(response.status).toBe(401);
  });

  test("has the routes of runners and no other, not even for an administrator", async () => {
    for (const { method, path, scope } of ROUTES) {
      const filled = path.replaceAll(/:\w+/g, "019e0000-0000-7000-8000-000000000000");
      const response = await ask(filled, certificate("runner-build-7"), {
        method,
        ...(method === "GET" ? {} : { body: "{}" }),
      });
      const isThere =
        response.status !== 404 || ((await response.json()) as { detail: string }).detail !== "There is no such route.";
      const isOther = response.status === 405;
      expect([method, path, isThere && !isOther]).toEqual([method, path, scope === "runner"]);
    }
  });

  test("is the only place that has them, where it is so set", async () => {
    for (const { method, path, scope } of ROUTES.filter((route) => route.scope === "runner")) {
      const filled = path.replaceAll(/:\w+/g, "019e0000-0000-7000-8000-000000000000");
      const init = { method, ...(method === "GET" ? {} : { body: "{}" }) };
      const response = await ask(filled, {}, init, server.url);
      expect([method, path, scope, [404, 405].includes(response.status)]).toEqual([method, path, scope, true]);
    }
  });

  test("serves a whole run to a runner with its certificate and token", async () => {
    const { createToken } = await import("../../server/store/tokens.ts");
    const { openStore } = await import("../../server/store/open.ts");
    const db = openStore(await storeOf(server.folder));
    const { secret } = await createToken(db, { name: "b7", scope: "runner", runner: "runner-1", now: Date.now() });
    await db.close();
    const { tlsOptions } = await import("../../cli/tls-client.ts");
    const files = { ca: tls.ca, cert: file("runner-build-7.pem"), key: file("runner-build-7-key.pem") };
    const runner = createClient({ url: runnerUrl, token: secret, ...tlsOptions(files) });
    const admin = createClient({ url: server.url, token: server.tokens.admin, ...tlsOptions({ ca: tls.ca }) });
    await admin.submitScan({ package: "lodash", version: "1.0.0" });
    const lease = await leaseNext({ runner });
    expect(await runner.heartbeat(lease.run_id, lease.lease)).toBeDefined();
    expect((await admin.run(lease.run_id)).state).toBe("running");
  });

  test("cannot be without TLS and an authority", async () => {
    for (const without of [undefined, { cert: tls.cert, key: tls.key }]) {
      const start = startTestServer({ ...(without && { tls: without }), runners: { listen: anyPort, only: false } });
      expect(await codeOf(start)).toBe("usage");
    }
  });
});

describe("the main listener", () => {
  test("speaks TLS where there is a certificate, and answers to its names", async () => {
    await using server = await startTestServer({ tls: { cert: tls.cert, key: tls.key } });
    expect(server.url).toStartWith("https://");
    const ask = (host: string) =>
      fetch(`${server.url}/v1/health`, {
        headers: { host },
        tls: { ca: text("ca.pem"), checkServerIdentity: () => undefined },
      });
    expect((await ask("fangs.example")).status).toBe(200);
    expect((await ask("fangs.example:8443")).status).toBe(200);
    expect((await ask("evil.example")).status).toBe(421);
    await expect(fetch(`${server.url}/v1/health`)).rejects.toThrow();
  });

  test("gives its session cookies to TLS only", async () => {
    await using server = await startTestServer({ tls: { cert: tls.cert, key: tls.key } });
    const options = { tls: { ca: text("ca.pem") } };
    const link = await fetch(`${server.url}/v1/sign-ins`, {
      method: "POST",
      headers: { authorization: `Bearer ${server.tokens.admin}` },
      ...options,
    });
    const { code } = (await link.json()) as { code: string };
    const session = await fetch(`${server.url}/ui/session`, {
      method: "POST",
      body: JSON.stringify({ code }),
      ...options,
    });
    const cookie = session.headers.get("set-cookie")!;
    expect(cookie).toStartWith("__Host-fangs=");
    expect(cookie).toContain("Secure");
  });

  test.each(["0.0.0.0", "::"])(
    "does not listen on %s without TLS, unless it is told to, and then warns",
    async (hostname) => {
      const lines: string[] = [];
      const before = configureLog({ level: "warn", write: (line) => void lines.push(line) });
      try {
        const refused: unknown = await startTestServer({ listen: { hostname, port: 0 } }).catch(
          (error: unknown) => error,
        );
        expect(refused).toMatchObject({ code: "usage", hint: expect.stringContaining("--insecure") });
        await using open = await startTestServer({ listen: { hostname, port: 0 }, insecure: true });
        expect(open.url).toStartWith("http://");
        expect(lines.join("")).toContain("NOT ENCRYPTED");
        await using closed = await startTestServer({ listen: { hostname, port: 0 }, tls });
        expect(closed.url).toStartWith("https://");
      } finally {
        configureLog(before);
      }
    },
  );

  test("does not start with a certificate that is missing, damaged, ended or another key's", async () => {
    using own = temporaryFolder();
    const bad = (name: string, content: string) => {
      writeFileSync(join(own.path, name), content, { mode: 0o600 });
      return join(own.path, name);
    };
    const { issue } = await import("../../cli/certificates.ts");
    const authority = { cert: text("ca.pem"), key: text("ca-key.pem") };
    const ended = await issue(
      authority,
      { server: ["localhost"] },
      { now: Date.now() - 10 * 86_400_000, lifeMs: 86_400_000 },
    );
    const cases = [
      { cert: join(own.path, "nothing.pem"), key: tls.key },
      { cert: bad("damaged.pem", text("server.pem").replace("MII", "???")), key: tls.key },
      { cert: tls.cert, key: file("runner-build-7-key.pem") },
      { cert: bad("ended.pem", ended.cert), key: bad("ended-key.pem", ended.key) },
    ];
    for (const files of cases) expect(await codeOf(startTestServer({ tls: files }))).toBe("usage");
  });

  test("warns of a certificate that ends soon and of a key that others can read", async () => {
    using own = temporaryFolder();
    await run(["tls", "init", own.path, "-valid", "10d"]);
    chmodSync(join(own.path, "server-key.pem"), 0o644);
    const lines: string[] = [];
    const before = configureLog({ level: "warn", write: (line) => void lines.push(line) });
    const files = { cert: join(own.path, "server.pem"), key: join(own.path, "server-key.pem") };
    await (await startTestServer({ tls: files })).stop();
    configureLog(before);
    expect(lines.join("")).toContain("the certificate ends soon");
    expect(lines.join("")).toContain("others can read the key");
  });
});
