import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { connect } from "node:net";
import { configureLog } from "../../log/log.ts";
import { completeRun, mint, startTestServer } from "./support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

type Entry = Record<string, unknown> & { level: string; message: string };

let text = "";
const before = configureLog({});
afterEach(() => void configureLog(before));

function listen(level: "debug" | "info" = "info"): void {
  text = "";
  configureLog({ level, format: "json", write: (line) => void (text += line) });
}

/** What was logged; throws where a line is no entry. */
function entries(): Entry[] {
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Entry);
}

/** Bytes as a client sends them that keeps to no rule. */
async function raw(url: string, bytes: string): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  socket
    .on("close", () => resolve())
    .on("error", () => resolve())
    .on("data", () => socket.end());
  socket.write(bytes);
  const timer = setTimeout(() => socket.destroy(), 2000);
  await ended;
  clearTimeout(timer);
}

describe("a request", () => {
  test("is a line with its id, route, status, duration, token and address", async () => {
    await using server = await startTestServer();
    const run = await completeRun(server, ["/a"]);
    listen();
    const answer = await fetch(`${server.url}/v1/runs/${run.id}`, {
      headers: { authorization: `Bearer ${server.tokens.admin}` },
    });
    expect(entries()).toEqual([
      {
        time: expect.any(String),
        level: "info",
        message: "GET /v1/runs/:id 200",
        id: answer.headers.get("x-request-id"),
        method: "GET",
        route: "/v1/runs/:id",
        status: 200,
        ms: expect.any(Number),
        token: "local-admin",
        address: "127.0.0.1",
      },
    ]);
  });

  test("of those that come again and again is a line at debug only, unless it fails", async () => {
    await using server = await startTestServer();
    listen();
    await fetch(`${server.url}/v1/ready`);
    expect(entries()).toEqual([]);
    listen("debug");
    await fetch(`${server.url}/v1/ready`);
    expect(entries()).toMatchObject([{ level: "debug", message: "GET /v1/ready 200" }]);
    listen();
    await fetch(`${server.url}/metrics`);
    expect(entries().at(-1)).toMatchObject({ level: "info", message: "GET /metrics 401", token: null });
  });

  test("that fails is a line at error, and so is why", async () => {
    await using server = await startTestServer({
      listEvents: () => {
        throw new TypeError("broken\nhere");
      },
    });
    const run = await completeRun(server, ["/a"]);
    listen();
    await server.admin.events(run.id).catch(() => undefined);
    expect(entries()).toMatchObject([
      { level: "error", message: "a defect in fangs", error: expect.stringContaining("broken\nhere") },
      { level: "error", message: "GET /v1/runs/:id/events 500" },
    ]);
  });

  test("never shows a token, a path or a query", async () => {
    await using server = await startTestServer();
    const secret = await mint(server.folder, "read", "grafana");
    listen("debug");
    await fetch(`${server.url}/v1/runs?package=hidden-name`, { headers: { authorization: `Bearer ${secret}` } });
    await fetch(`${server.url}/v1/hidden-name?code=hidden-name`, { headers: { authorization: `Bearer ${secret}x` } });
    expect(text).not.toContain(secret);
    expect(entries().map(({ message, token }) => [message, token])).toEqual([
      ["GET /v1/runs 200", "grafana"],
      ["GET none 404", null],
    ]);
    expect(text).not.toContain("hidden-name");
  });

  test("cannot write a line of its own, whatever its bytes are", async () => {
    await using server = await startTestServer();
    listen("debug");
    const forged = '{"level":"error","message":"forged"}';
    const evil = `\u001b[2J\r\n${forged}\u2028${forged}\u0085\u202e`;
    for (const part of [evil, encodeURIComponent(evil), encodeURI(evil)]) {
      await raw(server.url, `GET /v1/runs/${part} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
      await raw(server.url, `${part} /v1/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
      await raw(server.url, `GET /v1/health HTTP/1.1\r\nHost: ${part}\r\nConnection: close\r\n\r\n`);
      await raw(
        server.url,
        `GET /v1/runs HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${part}\r\nConnection: close\r\n\r\n`,
      );
    }
    await fetch(`${server.url}/v1/health`);
    const all = entries();
    expect(all.at(-1)!.message).toBe("GET /v1/health 200");
    expect(all.filter(({ message }) => message === "forged")).toEqual([]);
    expect(text).toMatch(/^(?:[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]*\n)+$/u);
  });
});
