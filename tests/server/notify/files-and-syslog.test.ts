import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { dlopen } from "bun:ffi";
import { mkdirSync, readFileSync, renameSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { NotifierRequest } from "../../../protocol/notifiers.ts";
import { render } from "../../../server/notify/render.ts";
import { sendFile } from "../../../server/notify/send-file.ts";
import { syslogLine } from "../../../server/notify/syslog-line.ts";
import { codeOf, startTestServer, temporaryFolder, type TestServer } from "../support.ts";
import { everyday, hostile } from "./messages.ts";
import { certificate, until } from "./receivers.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

/** A notifier that is tested once; what became of it. */
async function tested(server: TestServer, request: Omit<NotifierRequest, "name">) {
  await server.admin.addNotifier({ name: "x", template: "ocsf", ...request });
  return server.admin.testNotifier("x");
}

describe("a file", () => {
  test("gets a line for each message, is readable by its owner alone, and may be rotated at any time", async () => {
    await using server = await startTestServer();
    const path = join(server.folder, "notify", "alerts.ndjson");
    const sent = await tested(server, { url: `file:${path}` });
    expect(sent).toMatchObject({ state: "delivered", attempts: [{ status: null, error: null }] });
    await server.admin.testNotifier("x");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    renameSync(path, `${path}.1`);
    await server.admin.testNotifier("x");
    const lines = (file: string) => readFileSync(file, "utf8").trimEnd().split("\n");
    expect(lines(`${path}.1`)).toHaveLength(2);
    expect(lines(path).map((line) => JSON.parse(line))).toMatchObject([{ class_uid: 2004, severity_id: 1 }]);
  });

  test("is one line per message, whatever strangers wrote, and lines of several writers do not mix", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "alerts.ndjson");
    const line = render("ecs", hostile());
    await Promise.all(Array.from({ length: 50 }, () => sendFile(path, line, folder.path)));
    const lines = readFileSync(path, "utf8").split("\n");
    expect(lines).toHaveLength(51);
    expect(new Set(lines)).toEqual(new Set([line, ""]));
  });

  test("is nothing but a regular file below the folder for it, also by way of links", async () => {
    using folder = temporaryFolder();
    using outside = temporaryFolder();
    const inside = join(folder.path, "notify");
    mkdirSync(inside);
    writeFileSync(join(outside.path, "victim"), "");
    symlinkSync(join(outside.path, "victim"), join(inside, "link"));
    symlinkSync(outside.path, join(inside, "folder"));
    Bun.spawnSync(["mkfifo", join(inside, "fifo")]);
    for (const name of ["link", "folder/victim", "fifo", "../victim", "none/victim"]) {
      expect(sendFile(join(inside, name), "x", inside)).rejects.toThrow();
    }
    await Bun.sleep(20);
    expect(readFileSync(join(outside.path, "victim"), "utf8")).toBe("");
  });

  test("elsewhere is refused when the notifier is made", async () => {
    await using server = await startTestServer();
    for (const path of ["/etc/cron.d/fangs", `${server.folder}/fangs.db`, `${server.folder}/notify/../fangs.db`]) {
      expect(await codeOf(server.admin.addNotifier({ name: "x", url: `file:${path}` }))).toBe("invalid_body");
    }
  });
});

/** RFC 5424, 6: the parts of a message. */
function parsed(line: string) {
  const match =
    /^<(\d{1,3})>1 (\S{1,48}) (\S{1,255}) (\S{1,48}) (\S{1,128}) (\S{1,32}) \[([^ =\]"]+)((?: [^ =\]"]{1,32}="(?:[^"\\\]]|\\["\\\]])*")*)\] \ufeff(.*)$/s.exec(
      line,
    );
  if (match === null) throw new Error(`not RFC 5424: ${line.slice(0, 300)}`);
  const [, priority, time, host, app, process, id, element, data = "", message = ""] = match;
  const values = [...data.matchAll(/ ([^=]+)="((?:[^"\\\]]|\\.)*)"/g)].map(([, name, value]) => [
    name,
    value!.replace(/\\(.)/g, "$1"),
  ]);
  return {
    priority: Number(priority),
    time,
    host,
    app,
    process,
    id,
    element,
    values: Object.fromEntries(values),
    message,
  };
}

describe("a line of syslog", () => {
  test("is as RFC 5424 says", () => {
    const message = everyday();
    const line = parsed(syslogLine(message, render("ocsf", message), "watch host.example"));
    expect(line).toMatchObject({
      priority: 16 * 8 + 2,
      time: "2026-11-24T08:00:00.000Z",
      host: "watchhost.example",
      app: "fangs",
      id: "deviant",
      element: "fangs@32473",
      values: { event: "deviant", run: message.run.id, package: "left-pad", version: "1.3.1", severity: "critical" },
    });
    expect(JSON.parse(line.message)).toMatchObject({ class_uid: 2004 });
  });

  test("cannot be forged or broken by what strangers wrote", () => {
    const message = hostile();
    message.run.version = '1.0.0-"] [x y="z"]\\\n<14>1 - - - - - - forged';
    const text = render("ecs", message, true);
    expect(text).not.toMatch(/[\r\n\u2028\u2029]/);
    const line = parsed(text);
    expect(line.values.version).toBe('1.0.0-"] [x y="z"]\\\\x0a<14>1 - - - - - - forged');
    expect(Object.keys(line.values)).toEqual(["event", "run", "package", "version", "severity"]);
    expect(Buffer.byteLength(text)).toBeLessThan(8192);
    expect(JSON.parse(line.message)).toMatchObject({ fangs: { deviation_count: message.deviationCount } });
  });

  test("is a datagram over UDP", async () => {
    const received: string[] = [];
    const socket = await Bun.udpSocket({
      hostname: "127.0.0.1",
      socket: { data: (_, data) => void received.push(data.toString()) },
    });
    await using server = await startTestServer();
    const url = `syslog+udp://127.0.0.1:${socket.port}`;
    const refused = await tested(server, { url, allow_http: true });
    expect(refused.attempts[0]!.error).toContain("loopback");
    await server.admin.setNotifier("x", { allow_addresses: ["127.0.0.1"] });
    expect((await server.admin.testNotifier("x")).state).toBe("delivered");
    await until(() => received.length === 1, "the datagram");
    socket.close();
    expect(parsed(received[0]!)).toMatchObject({ id: "test", priority: 16 * 8 + 6 });
  });

  test("is counted in octets over TCP, so that nothing in it ends it", async () => {
    let received = Buffer.alloc(0);
    using listener = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { data: (_, data) => void (received = Buffer.concat([received, data])) },
    });
    await using server = await startTestServer();
    const url = `syslog+tcp://127.0.0.1:${listener.port}`;
    const sent = await tested(server, { url, allow_http: true, allow_addresses: ["127.0.0.1"], template: "ecs" });
    expect(sent.state).toBe("delivered");
    await until(() => received.length > 0, "the line");
    const [, length = "", rest = ""] = /^(\d+) (.*)$/s.exec(received.toString()) ?? [];
    expect(Buffer.byteLength(rest)).toBe(Number(length));
    expect(JSON.parse(parsed(rest).message)).toMatchObject({ event: { kind: "alert" } });
  });

  test("goes over TLS only to a certificate that holds, and unencrypted only where that was said", async () => {
    const { cert, key } = certificate();
    let opened = 0;
    using listener = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      tls: { cert, key },
      socket: { data: () => void opened++ },
    });
    await using server = await startTestServer();
    const url = `syslog+tls://127.0.0.1:${listener.port}`;
    const sent = await tested(server, { url, allow_addresses: ["127.0.0.1"] });
    expect(sent.attempts[0]!.error).toMatch(/^The certificate of .* does not hold/);
    expect(opened).toBe(0);
    expect(await codeOf(server.admin.addNotifier({ name: "y", url: "syslog+tcp://10.0.0.1" }))).toBe("invalid_body");
  });

  test("that nobody takes is a failure", async () => {
    await using server = await startTestServer();
    const request = { allow_http: true, allow_addresses: ["127.0.0.1"] };
    const closed = await tested(server, { url: "syslog+tcp://127.0.0.1:1", ...request });
    expect(closed.attempts[0]!.error).toBe("127.0.0.1:1 refused the connection.");
    await server.admin.setNotifier("x", { url: `syslog+unix:${server.folder}/notify/none` });
    expect((await server.admin.testNotifier("x")).attempts[0]!.error).toContain("nobody listens there");
  });

  test("is a datagram to the socket of this host's daemon", async () => {
    await using server = await startTestServer();
    mkdirSync(join(server.folder, "notify"), { recursive: true });
    using daemon = unixDaemon(join(server.folder, "notify", "log"));
    const sent = await tested(server, { url: `syslog+unix:${daemon.path}` });
    expect(sent.state).toBe("delivered");
    expect(parsed(daemon.read()!)).toMatchObject({ app: "fangs", id: "test" });
  });
});

/** A log daemon's socket: neither Bun nor Node.js has such sockets. */
function unixDaemon(path: string): { path: string; read(): string | undefined } & Disposable {
  const { symbols } = dlopen("libc.so.6", {
    socket: { args: ["i32", "i32", "i32"], returns: "i32" },
    bind: { args: ["i32", "ptr", "u32"], returns: "i32" },
    recv: { args: ["i32", "ptr", "u64", "i32"], returns: "i64" },
    close: { args: ["i32"], returns: "i32" },
  });
  const address = new Uint8Array(110);
  address[0] = 1;
  address.set(new TextEncoder().encode(path), 2);
  const fd = symbols.socket(1, 2, 0);
  if (symbols.bind(fd, address, address.length) !== 0) throw new Error(`cannot bind ${path}`);
  return {
    path,
    read() {
      const buffer = new Uint8Array(65_536);
      const MSG_DONTWAIT = 0x40;
      const length = Number(symbols.recv(fd, buffer, BigInt(buffer.length), MSG_DONTWAIT));
      return length < 0 ? undefined : new TextDecoder().decode(buffer.subarray(0, length));
    },
    [Symbol.dispose]: () => void symbols.close(fd),
  };
}
