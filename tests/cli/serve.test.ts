/** `fangs serve` as a process: what it logs, what SIGHUP changes, how it ends. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createClient } from "../../protocol/client.ts";
import { codeOf, registration, temporaryFolder } from "../server/support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

const CLI = join(import.meta.dir, "../../cli.ts");

type Entry = Record<string, unknown> & { level: string; message: string };

/** A server on any free port, with its log so far. */
async function serve(folder: string, ...flags: string[]) {
  const child = Bun.spawn([process.execPath, CLI, "serve", "--listen", "127.0.0.1:0", ...flags], {
    env: { PATH: process.env["PATH"] ?? "", FANGS_DATA_DIR: folder, NODE_EXTRA_CA_CERTS: "" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  let text = "";
  void (async () => {
    for await (const chunk of child.stderr.pipeThrough(new TextDecoderStream())) text += chunk;
  })();
  const entries = (): Entry[] =>
    text
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Entry);
  /** Waits for an entry whose message begins so. */
  const said = async (message: string): Promise<Entry> => {
    for (const deadline = Date.now() + 60_000; Date.now() < deadline; await Bun.sleep(20)) {
      const found = entries().findLast((entry) => entry.message.startsWith(message));
      if (found !== undefined) return found;
      if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${text}`);
    }
    throw new Error(`nothing begins with "${message}" in: ${text}`);
  };
  const url = (await said("serving ")).message.slice("serving ".length);
  const token = readFileSync(join(folder, "admin-token"), "utf8").trim();
  return {
    child,
    url,
    said,
    entries,
    admin: createClient({ url, token }),
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

test("SIGHUP takes what can be changed, names what cannot, and of a bad file nothing", async () => {
  using folder = temporaryFolder();
  const file = join(folder.path, "fangs.yaml");
  const allow = (...values: string[]) =>
    `allow:\n${values.map((value) => `  - {kind: path, value: ${value}, note: x}\n`).join("")}`;
  writeFileSync(file, allow("/one"));
  await using server = await serve(folder.path);
  const allowed = async () =>
    (await server.admin.allowList()).entries.filter(({ id }) => id.startsWith("config-")).map(({ value }) => value);
  expect(await allowed()).toEqual(["/one"]);

  writeFileSync(file, `concurency: 2\n${allow("/two")}`);
  server.child.kill("SIGHUP");
  const { level, message } = await server.said("the configuration stays as it was");
  expect([level, message]).toEqual([
    "error",
    `the configuration stays as it was: ${file}:1:1: "concurency" is not known here; the nearest key is concurrency.`,
  ]);
  expect(await allowed()).toEqual(["/one"]);

  writeFileSync(file, `drain: 3s\nlog-level: warn\n${allow("/two", "/three")}`);
  server.child.kill("SIGHUP");
  expect((await server.said("only a restart changes")).message).toBe("only a restart changes drain");
  expect((await allowed()).toSorted()).toEqual(["/three", "/two"]);
});

test("a bad file keeps a server from starting, with its place and 2", async () => {
  using folder = temporaryFolder();
  const file = join(folder.path, "fangs.yaml");
  writeFileSync(file, "allow:\n  - {kind: path, value: '*', note: x}\n");
  const child = Bun.spawn([process.execPath, CLI, "serve", "--data-dir", folder.path], {
    env: { PATH: process.env["PATH"] ?? "" },
    stderr: "pipe",
  });
  expect(await child.exited).toBe(2);
  expect(await child.stderr.text()).toStartWith(`fangs: ${file}:2:18: value: "*" would allow everything.\n`);
});

test("SIGTERM: no more work is handed out, what is in flight is finished, then it ends with 0", async () => {
  using folder = temporaryFolder();
  await using server = await serve(folder.path, "--drain-delay", "3s", "--log-level", "debug");
  await server.admin.registerRunner(registration);
  const polled = server.admin.lease({ runner: registration.name, wait_ms: 25_000 });
  // A request whose body is slow: the head is there, the rest comes while the server stops.
  const { promise: rest, resolve: send } = Promise.withResolvers<void>();
  const slow = fetch(`${server.url}/v1/allow`, {
    method: "POST",
    headers: { authorization: `Bearer ${readFileSync(join(folder.path, "admin-token"), "utf8").trim()}` },
    body: new ReadableStream({
      async pull(controller) {
        await rest;
        controller.enqueue(new TextEncoder().encode('{"kind":"path","value":"/x","note":"slow"}'));
        controller.close();
      },
    }),
  });
  await Bun.sleep(200);
  const asked = performance.now();
  server.child.kill("SIGTERM");
  await server.said("stopping");
  expect(await polled).toBeUndefined();
  // A poll that was cut short, not one that came to its end.
  expect(performance.now() - asked).toBeLessThan(20_000);

  const ready = await fetch(`${server.url}/v1/ready`);
  expect([ready.status, await ready.json()]).toEqual([
    503,
    expect.objectContaining({ code: "not_ready", detail: "The server is not ready: it is stopping." }),
  ]);
  expect((await fetch(`${server.url}/v1/health`)).status).toBe(200);
  expect(await codeOf(server.admin.lease({ runner: registration.name, wait_ms: 25_000 }))).toBe("stopping");

  send();
  expect((await slow).status).toBe(201);
  expect(await server.child.exited).toBe(0);
});

test("a second SIGTERM ends it at once", async () => {
  using folder = temporaryFolder();
  await using server = await serve(folder.path, "--drain-delay", "5m");
  server.child.kill("SIGTERM");
  await server.said("stopping");
  server.child.kill("SIGTERM");
  expect(await server.child.exited).toBe(130);
});
