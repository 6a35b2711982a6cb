import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { createHmac } from "node:crypto";
import type { Notification } from "../../../protocol/notifiers.ts";
import type { ServerOptions } from "../../../server/app.ts";
import { listAudit } from "../../../server/store/audit.ts";
import { openStore } from "../../../server/store/open.ts";
import { createClient } from "../../../protocol/client.ts";
import { deliver } from "../../../server/notify/deliver.ts";
import { queueFailure } from "../../../server/notify/queue.ts";
import { notifySettings } from "../../../server/notify/settings.ts";
import { addNotifier, testNotifier } from "../../../server/notifiers.ts";
import { listNotifications } from "../../../server/store/notifications.ts";
import { updateRun } from "../../../server/store/runs.ts";
import { submitScan } from "../../../server/submit.ts";
import { storeOf } from "../../stores/stores.ts";
import { codeOf, completeRun, leaseOne, startTestServer, type TestServer, testServices } from "../support.ts";
import { certificate, rawReceiver, type Receiver, receiver, until } from "./receivers.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

const FAST = { backoffMs: [1, 1, 1, 1] };
const start = (notify: ServerOptions["notify"] = {}, options: Partial<ServerOptions> = {}): Promise<TestServer> =>
  startTestServer({ notify: { ...FAST, ...notify }, ...options });

/** A baseline of 1.0.0 and a 1.1.0 that reads one more file. */
async function deviate(server: TestServer, path = "/home/secret"): Promise<string> {
  await completeRun(server, ["/a"]);
  return (await completeRun(server, ["/a", path], { version: "1.1.0", control: ["/a"] })).id;
}

async function ended(server: TestServer, run: string): Promise<Notification> {
  let found: Notification | undefined;
  await until(async () => {
    [found] = (await server.admin.notifications({ run })).notifications;
    return found !== undefined && found.state !== "queued";
  }, "the end of a notification");
  return found!;
}

const tries = ({ attempts }: Notification) => attempts.map(({ status, error }) => status ?? error);
const metric = async (server: TestServer): Promise<string[]> => {
  const answer = await fetch(`${server.url}/metrics`, { headers: { authorization: `Bearer ${server.tokens.admin}` } });
  return (await answer.text()).split("\n").filter((line) => line.startsWith("fangs_notifications_total{"));
};

describe("a deviant run", () => {
  test("is told once, signed over the exact body, with the fields of v1", async () => {
    await using hook = receiver();
    await using server = await start({ environment: { FANGS_HMAC: "key" }, publicUrl: "https://fangs.example/" });
    await server.admin.addNotifier({ name: "siem", secret_env: "FANGS_HMAC", ...hook.request });
    const run = await deviate(server);
    const message = await ended(server, run);
    expect(message).toMatchObject({ notifier: "siem", state: "delivered", on: "deviant", package: "lodash" });
    expect(message.attempts).toMatchObject([{ attempt: 1, status: 200, response: "ok", error: null }]);
    await Bun.sleep(50);
    expect(hook.received).toHaveLength(1);
    const { headers, body } = hook.received[0]!;
    const mac = createHmac("sha256", "key").update(body).digest("hex");
    expect(headers.get("x-fangs-signature")).toBe(`sha256=${mac}`);
    expect(headers.get("x-fangs-delivery")).toBe(message.id);
    expect(headers.get("content-type")).toBe("application/json");
    expect(JSON.parse(body)).toMatchObject({
      source: "fangs",
      run_id: run,
      package_name: "lodash",
      version: "1.1.0",
      max_severity: "critical",
      deviation_count: 1,
      deviations: [{ category: "fs_new_path_read", value: "/home/secret", severity: "critical", actor: "import" }],
      link: `https://fangs.example/ui/?run=${run}`,
    });
    expect(await metric(server)).toEqual(['fangs_notifications_total{target_kind="generic",outcome="delivered"} 1']);
  });

  test("is not told below the severity that was asked for, nor what was not asked for", async () => {
    await using hook = receiver();
    await using server = await start();
    await server.admin.addNotifier({ name: "high", min_severity: "high", ...hook.request });
    await server.admin.addNotifier({ name: "never", on: ["failed"], ...hook.request });
    await server.admin.addNotifier({ name: "off", ...hook.request });
    await server.admin.setNotifier("off", { enabled: false });
    const low = await deviate(server, "/harmless");
    const critical = (await completeRun(server, ["/a", "/secret"], { version: "0.9.0", control: ["/a"] })).id;
    await ended(server, critical);
    const { notifications } = await server.admin.notifications();
    expect(notifications.map(({ notifier, run_id }) => [notifier, run_id])).toEqual([["high", critical]]);
    expect((await server.admin.run(low)).verdict).toBe("deviant");
  });
});

test("an inconclusive run is told whatever its severity, and so is one that failed; a run that somebody ended is not", async () => {
  await using hook = receiver();
  await using server = await start({}, { leaseMs: 1, backoffMs: [], sweepMs: 5 });
  await server.admin.addNotifier({ name: "siem", min_severity: "critical", ...hook.request });
  const lost = await leaseOne(server);
  const failed = await ended(server, lost.run_id);
  expect([failed.on, failed.state]).toEqual(["failed", "delivered"]);
  expect(JSON.parse(hook.received[0]!.body)).toMatchObject({ event: "failed", verdict: null, deviations: [] });
  const scan = await server.admin.submitScan({ package: "lodash", version: "1.0.0" });
  await server.admin.failRun(scan.runs[0]!.id, "enough");

  await using patient = await start();
  await patient.admin.addNotifier({ name: "siem", min_severity: "critical", ...hook.request });
  const run = await completeRun(patient, ["/a"], { status: "failed" });
  expect((await ended(patient, run.id)).on).toBe("inconclusive");
  expect((await server.admin.notifications()).notifications).toHaveLength(1);
});

describe("a receiver", () => {
  const told = async (hook: Pick<Receiver, "request">, notify: ServerOptions["notify"] = {}) => {
    const server = await start(notify);
    await server.admin.addNotifier({ name: "siem", ...hook.request });
    return { server, message: await ended(server, await deviate(server)) };
  };

  test("that fails at first gets the same bytes again; every attempt is in the history and counted once", async () => {
    await using hook = receiver((attempt) => new Response(`no ${attempt}`, { status: attempt < 3 ? 500 : 200 }));
    const { server, message } = await told(hook);
    await using _ = server;
    expect(message.state).toBe("delivered");
    expect(tries(message)).toEqual([500, 500, 200]);
    expect(message.attempts.map(({ response }) => response)).toEqual(["no 1", "no 2", "no 3"]);
    expect(new Set(hook.received.map(({ body }) => body)).size).toBe(1);
    expect(await metric(server)).toEqual([
      'fangs_notifications_total{target_kind="generic",outcome="retried"} 2',
      'fangs_notifications_total{target_kind="generic",outcome="delivered"} 1',
    ]);
  });

  test("that never takes it is given up after five attempts", async () => {
    await using hook = receiver(() => new Response("gone", { status: 410 }));
    const { server, message } = await told(hook);
    await using _ = server;
    expect(message).toMatchObject({ state: "failed", next_at: null });
    expect(tries(message)).toEqual([410, 410, 410, 410, 410]);
    await Bun.sleep(100);
    expect(hook.received).toHaveLength(5);
  });

  test("that asks to wait is waited for, by every message to it", async () => {
    let opened = 0;
    await using hook = receiver((attempt) => {
      if (attempt > 1) return new Response("ok");
      opened = Date.now() + 1500;
      return new Response("slowly", { status: 429, headers: { "retry-after": "2" } });
    });
    await using server = await start();
    await server.admin.addNotifier({ name: "siem", ...hook.request });
    const first = await deviate(server);
    await until(() => hook.received.length === 1, "the first request");
    const second = (await completeRun(server, ["/a", "/c"], { version: "0.9.0", control: ["/a"] })).id;
    expect(tries(await ended(server, first))).toEqual([429, 200]);
    expect(tries(await ended(server, second))).toEqual([200]);
    for (const { at } of hook.received.slice(1)) expect(at).toBeGreaterThanOrEqual(opened);
  });

  test("that redirects is not followed", async () => {
    await using secret = receiver(() => new Response("credentials"));
    await using hook = receiver(() => new Response(null, { status: 302, headers: { location: secret.url } }));
    const { server, message } = await told(hook);
    await using _ = server;
    expect(message.state).toBe("failed");
    expect(message.attempts[0]!.error).toContain("redirects (302)");
    expect(secret.received).toEqual([]);
  });

  test("that never answers ends the attempt at its deadline", async () => {
    using silent = rawReceiver(() => {});
    const request = { url: `http://127.0.0.1:${silent.port}/`, allow_http: true, allow_addresses: ["127.0.0.1"] };
    const { server, message } = await told({ request }, { deadlineMs: 100 });
    await using _ = server;
    expect(new Set(tries(message))).toEqual(new Set(["There was no answer within 0.1 seconds."]));
    expect(silent.connections()).toBe(5);
  });

  test("that closes the connection, or speaks something else, is told as that", async () => {
    using closing = rawReceiver((socket) => socket.end());
    using talking = rawReceiver((socket) => void socket.end("220 mail.example ESMTP\r\n"));
    for (const { port } of [closing, talking]) {
      const request = { url: `http://127.0.0.1:${port}/`, allow_http: true, allow_addresses: ["127.0.0.1"] };
      const { server, message } = await told({ request });
      await using _ = server;
      expect(message.state).toBe("failed");
      expect(message.attempts).toHaveLength(5);
      expect(message.attempts[0]).toMatchObject({ status: null });
      expect(message.attempts[0]!.error).toContain(`127.0.0.1:${port}`);
    }
  });

  test("whose answer has no end is not read to it", async () => {
    let sent = 0;
    await using hook = receiver(
      () =>
        new Response(
          new ReadableStream({
            async pull(controller) {
              sent += 65_536;
              controller.enqueue(new Uint8Array(65_536).fill(97));
              await Bun.sleep(1);
            },
          }),
        ),
    );
    const { server, message } = await told(hook);
    await using _ = server;
    expect(message.state).toBe("delivered");
    expect(message.attempts[0]!.response).toHaveLength(1000);
    expect(sent).toBeLessThan(64 * 1024 * 1024);
  });

  test("whose certificate nobody vouches for gets nothing", async () => {
    await using hook = receiver(undefined, certificate());
    const { server, message } = await told({ request: { ...hook.request, allow_http: false } });
    await using _ = server;
    expect(message.state).toBe("failed");
    expect(message.attempts[0]!.error).toMatch(/^The certificate of 127\.0\.0\.1:\d+ does not hold/);
    expect(hook.received).toEqual([]);
  });

  test("is not sent an unsigned message where the key is missing", async () => {
    await using hook = receiver();
    await using server = await start({ environment: {} });
    const added = await server.admin.addNotifier({ name: "siem", secret_env: "FANGS_HMAC", ...hook.request });
    expect(added.missing_env).toEqual(["FANGS_HMAC"]);
    const message = await ended(server, await deviate(server));
    expect(message.attempts.at(-1)!.error).toBe("FANGS_HMAC is not set in the server's environment.");
    expect(hook.received).toEqual([]);
  });

  test("that echoes what it was sent does not bring the secrets of its address into the history", async () => {
    await using hook = receiver((_, request) => {
      const said = `${request.url} ${request.headers.get("authorization")}`;
      return new Response(said, { status: 404 });
    });
    await using server = await start({ environment: { FANGS_NOTIFY_HEC: "t0ken-in-env" } });
    await server.admin.addNotifier({
      name: "siem",
      ...hook.request,
      headers: { Authorization: "Splunk ${FANGS_NOTIFY_HEC}" },
    });
    const sent = await server.admin.testNotifier("siem");
    expect(hook.received[0]!.headers.get("authorization")).toBe("Splunk t0ken-in-env");
    expect(sent.attempts[0]).toMatchObject({ status: 404 });
    const everything = JSON.stringify([sent, await server.admin.notifiers(), await server.admin.notifications()]);
    expect(everything).not.toContain("t0ken-in-env");
    expect(everything).not.toContain("secret-path-0123");
    expect((await server.admin.notifier("siem")).url).toEndWith("/…");
  });
});

test("a message outlives the server that was to send it, and its attempts go on being counted", async () => {
  await using hook = receiver((attempt) => new Response("", { status: attempt < 3 ? 503 : 200 }));
  const first = await start({ backoffMs: [600_000, 1, 1, 1] });
  await first.admin.addNotifier({ name: "siem", ...hook.request });
  const run = await deviate(first);
  await until(() => hook.received.length === 1, "the first attempt");
  await until(async () => {
    const [message] = (await first.admin.notifications({ run })).notifications;
    return message?.attempts[0]?.status === 503;
  }, "its end");
  await first.stop();
  const db = openStore(await storeOf(first.folder));
  await db.query.updateTable("notification").set({ not_before: 0 }).execute();
  await db.close();
  await using second = await start({}, { dataDir: first.folder });
  const message = await ended(second, run);
  expect(tries(message)).toEqual([503, 503, 200]);
  expect(message.attempts.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
  await first[Symbol.asyncDispose]();
});

test("two that deliver from one store at once send a message once", async () => {
  await using hook = receiver(async () => {
    await Bun.sleep(30);
    return new Response("ok");
  });
  const services = await testServices({ now: Date.now, notify: notifySettings({ filesDir: "/nonexistent" }) });
  const names = ["a", "b", "c", "d", "e"];
  for (const name of names) await addNotifier(services, { name, on: ["failed"], ...hook.request }, "test");
  const { runs } = await submitScan(services, { package: "lodash" });
  await services.db.transaction((db) => queueFailure(db, runs[0]!, Date.now()));
  const stop = new AbortController();
  const two = [deliver(services, stop.signal), deliver(services, stop.signal)];
  const all = () => listNotifications(services.db, {});
  await until(async () => (await all()).notifications.every(({ state }) => state === "delivered"), "every message");
  stop.abort();
  await Promise.all(two);
  expect((await all()).notifications.map(({ attempts }) => attempts.length)).toEqual(names.map(() => 1));
  expect(hook.received).toHaveLength(names.length);
});

test("what was told at first is told again, whatever became of the run since", async () => {
  const services = await testServices({ now: Date.now, notify: notifySettings({ filesDir: "/nonexistent", ...FAST }) });
  const { runs } = await submitScan(services, { package: "lodash" });
  const { id } = runs[0]!;
  await using hook = receiver(async (attempt) => {
    await updateRun(services.db, id, { reason: `known at attempt ${attempt}` });
    return new Response("", { status: attempt < 3 ? 500 : 200 });
  });
  await addNotifier(services, { name: "siem", on: ["failed"], ...hook.request }, "test");
  await updateRun(services.db, id, { reason: "known at first" });
  await services.db.transaction((db) => queueFailure(db, runs[0]!, Date.now()));
  const stop = new AbortController();
  const delivering = deliver(services, stop.signal);
  await until(() => hook.received.length === 3, "three attempts");
  stop.abort();
  await delivering;
  const bodies = hook.received.map(({ body }) => JSON.parse(body));
  expect(bodies.map(({ reason }) => reason)).toEqual(["known at first", "known at first", "known at first"]);
});

test("the history is kept for 90 days", async () => {
  const DAY = 86_400_000;
  const services = await testServices({ notify: notifySettings({ filesDir: "/nonexistent" }) });
  const { clock, db } = services;
  clock.now = 1000 * DAY;
  // Nothing may be connected to there, so each test ends at once.
  await addNotifier(services, { name: "siem", url: "https://127.0.0.1/" }, "test");
  const old = await testNotifier(services, "siem", "test");
  clock.now += 89 * DAY;
  const young = await testNotifier(services, "siem", "test");
  const kept = async () => (await listNotifications(db, {})).notifications.map(({ id }) => id);
  for (const [days, ids] of [
    [0.9, [young.id, old.id]],
    [0.2, [young.id]],
  ] as const) {
    clock.now += days * DAY;
    const stop = new AbortController();
    const delivering = deliver(services, stop.signal);
    await Bun.sleep(0);
    stop.abort();
    await delivering;
    expect(await kept()).toEqual([...ids]);
  }
  expect(await db.query.selectFrom("notification_attempt").select("notification_id").execute()).toHaveLength(1);
});

describe("changes of notifiers", () => {
  test("are for admins, and leave a trail without secrets", async () => {
    await using hook = receiver();
    await using server = await start();
    const { secret } = await server.admin.createToken({ scope: "triage" });
    const triage = createClient({ url: server.url, token: secret });
    expect(await codeOf(triage.addNotifier({ name: "x", ...hook.request }))).toBe("forbidden");
    await server.admin.addNotifier({ name: "x", headers: { Authorization: "Bearer plain" }, ...hook.request });
    expect(await codeOf(triage.testNotifier("x"))).toBe("forbidden");
    expect((await triage.notifiers()).notifiers[0]!.headers).toEqual({ Authorization: "…" });
    expect(await codeOf(server.admin.addNotifier({ name: "x", ...hook.request }))).toBe("conflict");
    await server.admin.testNotifier("x");
    await server.admin.setNotifier("x", { url: "https://other.example/secret-two", allow_http: false });
    await server.admin.removeNotifier("x");
    expect(await codeOf(server.admin.notifier("x"))).toBe("not_found");
    const db = openStore(await storeOf(server.folder));
    const trail = await listAudit(db, "x");
    await db.close();
    expect(trail.map(({ action, actor }) => [action, actor])).toEqual([
      ["notifier.add", "local-admin"],
      ["notifier.test", "local-admin"],
      ["notifier.set", "local-admin"],
      ["notifier.remove", "local-admin"],
    ]);
    expect(JSON.stringify(trail)).not.toMatch(/secret-|plain/);
    const { url_hash: before } = JSON.parse(trail[2]!.before ?? "") as { url_hash: string };
    const { url_hash: after } = JSON.parse(trail[2]!.after ?? "") as { url_hash: string };
    expect(before).not.toBe(after);
  });

  test("that remove one end what is queued for it and keep its history", async () => {
    await using hook = receiver(() => new Response("", { status: 500 }));
    await using server = await start({ backoffMs: [600_000] });
    await server.admin.addNotifier({ name: "x", ...hook.request });
    const run = await deviate(server);
    await until(() => hook.received.length === 1, "the first attempt");
    await server.admin.removeNotifier("x");
    const message = await ended(server, run);
    expect(message).toMatchObject({ notifier: "x", state: "cancelled" });
  });

  test.each([
    [{ url: "https://user:pass@intake.example/" }, "a user or a password"],
    [{ url: "http://intake.example/" }, "not encrypted"],
    [{ url: "ftp://intake.example/" }, "not known"],
    [{ url: "not a url" }, "not a URL"],
    [{ url: "file:/etc/cron.d/x" }, "not below"],
    [{ url: "syslog+unix:/var/run/docker.sock" }, "no socket of a log"],
    [{ url: "env:AWS_SECRET_ACCESS_KEY" }, "cannot be sent"],
    [{ headers: { "X-A": "${AWS_SECRET_ACCESS_KEY}" } }, "cannot be sent"],
    [{ headers: { "X-A": "a\r\nX-B: c" } }, "cannot have"],
    [{ headers: { Host: "other.example" } }, "set by fangs itself"],
    [{ headers: { "X-FANGS-Signature": "sha256=0" } }, "set by fangs itself"],
    [{ allow_addresses: ["0.0.0.0/0"] }, "no address and no range"],
  ])("that make no sense are refused: %j", async (change, why) => {
    await using server = await start();
    const added = server.admin.addNotifier({ name: "x", url: "https://intake.example/secret-three", ...change });
    const error = await added.catch((thrown: unknown) => thrown);
    expect(String(error)).toContain(why);
    expect(String(error)).not.toContain("secret-three");
  });
});
