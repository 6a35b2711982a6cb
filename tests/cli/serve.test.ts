/** `fangs serve` as a process: what it logs, what SIGHUP changes, how it ends. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createClient } from "../../protocol/client.ts";
import { temporaryFolder } from "../server/support.ts";

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
