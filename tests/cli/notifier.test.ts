import { describe, expect, test } from "bun:test";
import type { Notification, Notifier } from "../../protocol/notifiers.ts";
import { type FakeServer, fakeServer, problem, run } from "./support.ts";

const NOTIFIER: Notifier = {
  name: "siem",
  url: "https://intake.example/…",
  url_hash: "0123456789ab",
  template: "generic",
  secret_env: "FANGS_HMAC",
  missing_env: [],
  min_severity: "high",
  on: ["deviant", "inconclusive", "failed"],
  headers: {},
  allow_http: false,
  allow_addresses: [],
  enabled: true,
  paused_until: null,
  created_by: "local-admin",
  created_at: 1_795_500_000_000,
};
const MESSAGE: Notification = {
  id: "019ab5f2-0000-7000-8000-0000000000b1",
  notifier: "siem",
  run_id: "019ab5f2-0000-7000-8000-0000000000a1",
  package: "left-pad",
  version: "1.3.1",
  on: "deviant",
  state: "failed",
  next_at: null,
  created_at: 1_795_500_000_000,
  ended_at: 1_795_500_060_000,
  attempts: [
    { attempt: 1, started_at: 1_795_500_000_000, ended_at: null, status: null, response: null, error: null },
    {
      attempt: 2,
      started_at: 1_795_500_060_000,
      ended_at: 1_795_500_060_000,
      status: 500,
      response: "\x1b[2Jno",
      error: "It answered with 500.",
    },
  ],
};

/** What the last request sent. */
const sent = (server: FakeServer): unknown => JSON.parse(server.requests.at(-1)!.replace(/^\S+ \S+ /, ""));

describe("add", () => {
  test("takes the words of v1", async () => {
    await using server = fakeServer({ "POST /v1/notifiers": NOTIFIER });
    const words =
      "-name siem -url https://intake.example/fangs -template generic -secret-env FANGS_HMAC -min-severity high";
    const { exit, out, err } = await run(["notifier", "add", ...words.split(" ")], server.env);
    expect([exit, out, err]).toEqual([0, "siem is told; try it with `fangs notifier test siem`\n", ""]);
    expect(sent(server)).toEqual({
      name: "siem",
      url: "https://intake.example/fangs",
      template: "generic",
      secret_env: "FANGS_HMAC",
      min_severity: "high",
    });
  });

  test("takes lists with commas or repeated, and headers by their names", async () => {
    await using server = fakeServer({ "POST /v1/notifiers": { ...NOTIFIER, missing_env: ["FANGS_NOTIFY_HEC"] } });
    const { exit, err } = await run(
      [
        ...["notifier", "add", "--name", "siem", "--url", "https://intake.example/"],
        ...["--on", "failed,deviant", "--on", "deviant", "--allow-http"],
        ...["--header", "Authorization: Splunk ${FANGS_NOTIFY_HEC}", "--header", "X-Team:a:b"],
        ...["--allow-address", "10.0.0.0/24", "--allow-address", "192.0.2.1"],
      ],
      server.env,
    );
    expect([exit, err]).toEqual([0, "FANGS_NOTIFY_HEC is not set in the server's environment.\n"]);
    expect(sent(server)).toMatchObject({
      on: ["deviant", "failed"],
      headers: { Authorization: "Splunk ${FANGS_NOTIFY_HEC}", "X-Team": "a:b" },
      allow_http: true,
      allow_addresses: ["10.0.0.0/24", "192.0.2.1"],
    });
  });

  test.each([
    [["--on", "clean"], '"clean" is nothing that is told'],
    [["--header", "no colon"], "A header is written as"],
    [["--template", "email"], "--template cannot be"],
  ])("refuses %j", async (words, why) => {
    await using server = fakeServer({});
    const { exit, err } = await run(
      ["notifier", "add", "--name", "x", "--url", "https://x.example/", ...words],
      server.env,
    );
    expect(exit).toBe(2);
    expect(err).toContain(why);
    expect(server.requests).toEqual([]);
  });
});

describe("set", () => {
  test("changes what is named; an empty value takes away", async () => {
    await using server = fakeServer({ "PUT /v1/notifiers/siem": NOTIFIER });
    const words = ["--secret-env=", "--header=", "--allow-address=", "--allow-http=false", "--enabled=false"];
    expect((await run(["notifier", "set", "siem", ...words], server.env)).exit).toBe(0);
    expect(sent(server)).toEqual({
      secret_env: null,
      headers: {},
      allow_addresses: [],
      allow_http: false,
      enabled: false,
    });
  });

  test("without a change is a mistake", async () => {
    await using server = fakeServer({});
    expect((await run(["notifier", "set", "siem"], server.env)).exit).toBe(2);
    expect(server.requests).toEqual([]);
  });
});

test("list and show have everything but the secrets", async () => {
  const paused = { ...NOTIFIER, name: "chat", paused_until: 1_795_500_000_000 };
  const needy = { ...NOTIFIER, name: "needy", missing_env: ["FANGS_HMAC"] };
  await using server = fakeServer({
    "GET /v1/notifiers": { notifiers: [paused, needy] },
    "GET /v1/notifiers/siem": { ...NOTIFIER, headers: { "X-Key": "…" } },
  });
  expect(`\n${(await run(["notifier", "list"], server.env)).out}`).toMatchInlineSnapshot(`
    "
    NAME   TEMPLATE  ADDRESS                   TOLD                         FROM  SIGNED WITH  STATE
    chat   generic   https://intake.example/…  deviant,inconclusive,failed  high  FANGS_HMAC   paused until 2026-11-24 06:00:00Z
    needy  generic   https://intake.example/…  deviant,inconclusive,failed  high  FANGS_HMAC   needs FANGS_HMAC
    "
  `);
  expect(`\n${(await run(["notifier", "show", "siem"], server.env)).out}`).toMatchInlineSnapshot(`
    "
    name           siem
    template       generic
    address        https://intake.example/… (0123456789ab)
    state          on
    told           deviant, inconclusive, failed; deviant from high
    signed with    FANGS_HMAC
    headers        X-Key: …
    not encrypted  refused
    addresses      public
    added          2026-11-24 06:00:00Z by local-admin
    "
  `);
});

test("test shows status and answer, and its exit code says whether it arrived", async () => {
  await using server = fakeServer({ "POST /v1/notifiers/siem/test": { ...MESSAGE, run_id: null, on: null } });
  const { exit, out } = await run(["notifier", "test", "siem"], server.env);
  expect(exit).toBe(1);
  expect(`\n${out}`).toMatchInlineSnapshot(`
    "
    siem: failed
      1. 2026-11-24 06:00:00Z  going on, or cut off by the end of the server
      2. 2026-11-24 06:01:00Z  It answered with 500.
         \\x1b[2Jno
    "
  `);
});

test("history of a run shows every attempt; what a receiver answered cannot move the cursor", async () => {
  await using server = fakeServer({ "GET /v1/notifications": { notifications: [MESSAGE], next: null } });
  const { out } = await run(["notifier", "history", "-run", "000000a1"], server.env);
  expect(server.requests[0]).toBe("GET /v1/notifications?limit=100&run=000000a1");
  expect(out).not.toContain("\x1b");
  expect(`\n${out}`).toMatchInlineSnapshot(`
    "
    MESSAGE                               NOTIFIER  RUN                                   RELEASE         TOLD     STATE   TRIES  LAST                   NEXT
    019ab5f2-0000-7000-8000-0000000000b1  siem      019ab5f2-0000-7000-8000-0000000000a1  left-pad@1.3.1  deviant  failed  2      It answered with 500.  -

    siem
      1. 2026-11-24 06:00:00Z  going on, or cut off by the end of the server
      2. 2026-11-24 06:01:00Z  It answered with 500.
         \\x1b[2Jno
    "
  `);
});

test("JSON has the answer as it is", async () => {
  await using server = fakeServer({
    "GET /v1/notifiers": { notifiers: [NOTIFIER] },
    "GET /v1/notifications": { notifications: [MESSAGE], next: null },
    "DELETE /v1/notifiers/siem": new Response(null, { status: 204 }),
  });
  const json = async (...words: string[]) => JSON.parse((await run(["notifier", ...words, "--json"], server.env)).out);
  expect(await json("list")).toMatchObject({ schema: "fangs.notifiers/1", notifiers: [NOTIFIER] });
  expect(await json("history")).toMatchObject({
    schema: "fangs.notifications/1",
    notifications: [MESSAGE],
    more: false,
  });
  expect(await json("remove", "siem")).toMatchObject({ schema: "fangs.removed/1", removed: 1 });
});

test("a notifier that is not there is told as that", async () => {
  await using server = fakeServer({
    "POST /v1/notifiers/x/test": () => problem(404, "not_found", 'There is no notifier "x".'),
  });
  const { exit, err } = await run(["notifier", "test", "x"], server.env);
  expect(exit).toBe(2);
  expect(err).toContain('There is no notifier "x".');
});
