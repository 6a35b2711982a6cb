import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { existsSync } from "node:fs";
import { Environment } from "../../../protocol/models.ts";
import { until } from "../../../runner/sandbox/deadline.ts";
import { connectDocker } from "../../../runner/sandbox/docker.ts";
import type { PhaseCommand, Sandbox } from "../../../runner/sandbox/host.ts";
import { LABELS } from "../../../runner/sandbox/owner.ts";
import { type TestRelease, noSandbox, openTestHost, quiet, runCommand, shell } from "./support.ts";

const DEADLINE = 120_000;
const RELEASES: TestRelease[] = [
  quiet(),
  {
    manifest: {
      name: "@tiny/tool",
      version: "1.2.3",
      main: "index.js",
      exports: { ".": "./index.js", "./extra": { import: "./extra.mjs" } },
      bin: { tiny: "cli.js" },
      dependencies: { "@tiny/dep": "^1.0.0" },
      scripts: { postinstall: "echo in $PWD; cat ~/.npmrc > ~/stolen" },
    },
    files: {
      "index.js": "console.log('main', require('@tiny/dep'))",
      "extra.mjs": "console.log('extra')",
      "cli.js":
        "#!/usr/bin/env node\nconsole.log('usage', process.argv.slice(2)); process.stdin.on('data', () => {}).on('end', () => console.log('no input'))",
    },
  },
  quiet("@tiny/dep", "1.0.0", "module.exports = 'old'"),
  { ...quiet("@tiny/dep", "1.9.0", "module.exports = 'new'"), published: "2025-01-01T00:00:00Z" },
  { manifest: { name: "failing", version: "1.0.0", scripts: { postinstall: "echo broken >&2; exit 7" } } },
  { manifest: { name: "liar", version: "1.0.0", scripts: { preinstall: "cd ..; rm -rf liar; kill -9 $PPID" } } },
  quiet("endless", "1.0.0", "for (;;);"),
  quiet("throws", "1.0.0", "throw new Error('at import')"),
  quiet("leaves-timer", "1.0.0", "setInterval(() => {}, 1000)"),
  {
    manifest: { name: "esm-only", version: "1.0.0", type: "module", exports: { import: "./index.js" } },
    files: { "index.js": "console.log('esm')" },
  },
  { manifest: { name: "types-only", version: "1.0.0", types: "index.d.ts" }, files: { "index.d.ts": "export {}" } },
];

describe.skipIf(noSandbox !== null)("a sandbox", () => {
  let opened: Awaited<ReturnType<typeof openTestHost>>;
  beforeAll(async () => {
    opened = await openTestHost(RELEASES);
  }, 180_000);
  afterAll(() => opened?.[Symbol.asyncDispose]());

  async function install(name: string, version = "1.0.0", before: number | null = null): Promise<Sandbox> {
    const sandbox = await opened.start({ package: name, version, before });
    await runCommand(sandbox, sandbox.installCommand());
    return sandbox;
  }
  async function planned(sandbox: Sandbox, phase: "import" | "bin"): Promise<PhaseCommand[]> {
    const commands = await sandbox.commands(phase);
    if ("notInstalled" in commands) throw new Error(commands.notInstalled);
    return commands;
  }

  test(
    "installs, imports and runs a scoped package with a dependency, keeping what each step printed",
    async () => {
      await using sandbox = await opened.start({ package: "@tiny/tool", version: "1.2.3" });
      expect(Value.Check(Environment, sandbox.environment)).toBe(true);
      const installed = await runCommand(sandbox, sandbox.installCommand());
      expect(installed).toMatchObject({ exit_code: 0, signal: null, timed_out: false });
      expect(installed.stdout).toContain("in /home/node/project/node_modules/@tiny/tool");

      const ends = [];
      for (const phase of ["import", "bin"] as const) {
        for (const command of await planned(sandbox, phase)) {
          const { exit_code, stdout } = await runCommand(sandbox, command);
          ends.push([command.label, exit_code, stdout]);
        }
      }
      expect(ends).toEqual([
        ["require", 0, "main new\n"],
        ["import", 0, "main new\n"],
        ["import subpaths", 0, "extra\n"],
        ["bin:tiny", 0, "usage [ '--help' ]\nno input\n"],
      ]);
      // The decoy was there to be stolen, and npm itself did not use it.
      const token = sandbox.environment.decoys.find(({ name }) => name === "npm-token");
      expect((await shell(sandbox, "cat ~/stolen")).stdout).toContain(token?.secret ?? "no decoy");
      expect(sandbox.survivors()).toEqual([]);
    },
    DEADLINE,
  );

  test(
    "resolves dependencies as of the moment it is given",
    async () => {
      await using sandbox = await install("@tiny/tool", "1.2.3", Date.parse("2024-06-01"));
      const [command] = await planned(sandbox, "import");
      if (command === undefined) throw new Error("nothing to import");
      expect((await runCommand(sandbox, command)).stdout).toBe("main old\n");
    },
    DEADLINE,
  );

  test(
    "holds a command before it runs, as the process that will be the command",
    async () => {
      await using sandbox = await opened.start();
      const held = await sandbox.hold({
        phase: "import",
        label: "touch",
        argv: ["sh", "-c", "echo $$ > ~/ran; cat ~/ran; readlink /proc/self/ns/pid"],
        timeoutMs: 10_000,
      });
      expect(sandbox.survivors()).toEqual([held.pid]);
      expect(existsSync(`/proc/${held.pid}/root/home/node/ran`)).toBe(false);
      const status = await Bun.file(`/proc/${held.pid}/status`).text();
      const end = await held.release();
      const [pidInside, namespace] = end.stdout.trim().split("\n");
      expect(/^NSpid:.*\t(\d+)$/m.exec(status)?.[1]).toBe(pidInside ?? "none");
      expect(namespace).not.toBe((await Bun.$`readlink /proc/self/ns/pid`.text()).trim());
    },
    DEADLINE,
  );

  test(
    "a failed install keeps npm's own status and leaves nothing to import",
    async () => {
      await using sandbox = await opened.start({ package: "failing" });
      const end = await runCommand(sandbox, sandbox.installCommand());
      expect(end.exit_code).toBe(7);
      expect(end.stderr).toContain("broken");
      expect(await sandbox.commands("import")).toHaveProperty("notInstalled");
    },
    DEADLINE,
  );

  test(
    "an install that is cut short but ends with status 0 is told apart from one that worked",
    async () => {
      await using sandbox = await opened.start({ package: "liar" });
      const { argv } = sandbox.installCommand();
      const end = await shell(sandbox, `${argv.join(" ")}; exit 0`);
      expect(end.exit_code).toBe(0);
      expect(await sandbox.commands("import")).toEqual({ notInstalled: "npm left no liar in node_modules." });
    },
    DEADLINE,
  );

  test(
    "an install of another version in the package's place is not taken for it",
    async () => {
      await using sandbox = await opened.start({ package: "quiet" });
      await shell(
        sandbox,
        `mkdir -p node_modules/quiet; echo '{"name":"quiet","version":"6.6.6"}' > node_modules/quiet/package.json`,
      );
      expect(await sandbox.commands("bin")).toMatchObject({ notInstalled: expect.stringContaining("quiet@6.6.6") });
    },
    DEADLINE,
  );

  test(
    "a package.json that never ends, or is no file, does not hold the runner up",
    async () => {
      await using endless = await opened.start({ package: "quiet" });
      await shell(endless, "mkdir -p node_modules/quiet; ln -s /dev/zero node_modules/quiet/package.json");
      expect(await endless.commands("bin")).toHaveProperty("notInstalled");
      await using pipe = await opened.start({ package: "quiet" });
      await shell(pipe, "mkdir -p node_modules/quiet; mkfifo node_modules/quiet/package.json");
      expect(await pipe.commands("bin")).toHaveProperty("notInstalled");
      expect(pipe.survivors()).toEqual([]);
    },
    DEADLINE,
  );

  test(
    "an endless loop is ended at its time-out",
    async () => {
      await using sandbox = await install("endless");
      const [command] = await planned(sandbox, "import");
      if (command === undefined) throw new Error("nothing to import");
      const end = await runCommand(sandbox, { ...command, timeoutMs: 1500 });
      expect(end).toMatchObject({ timed_out: true, signal: "SIGKILL", exit_code: null });
      expect(end.duration_ms).toBeGreaterThanOrEqual(1500);
      expect(sandbox.survivors()).toEqual([]);
    },
    DEADLINE,
  );

  test(
    "no entry is no failure, a throwing one is, and a timer left behind ends by itself",
    async () => {
      const names = ["esm-only", "types-only", "throws", "leaves-timer"];
      const endsOf = async (name: string) => {
        await using sandbox = await install(name);
        const ends = [];
        for (const command of await planned(sandbox, "import")) {
          const { exit_code, timed_out } = await runCommand(sandbox, command);
          ends.push(timed_out ? "timed out" : exit_code);
        }
        return [name, ends] as const;
      };
      const ends = await Promise.all(names.map(endsOf));
      expect(Object.fromEntries(ends)).toEqual({
        "esm-only": [0],
        "types-only": [0, 0],
        throws: [1, 1],
        "leaves-timer": [0, 0],
      });
    },
    DEADLINE,
  );

  test(
    "a process that detaches itself is a survivor, until all are killed",
    async () => {
      await using sandbox = await opened.start();
      const end = await shell(sandbox, "setsid sleep 600 & setsid sleep 600 >/dev/null 2>&1 & echo left");
      expect(end).toMatchObject({ exit_code: 0, stdout: "left\n" });
      expect(sandbox.survivors()).toHaveLength(2);
      sandbox.killAll();
      expect(await until(5_000, 5, () => sandbox.survivors().length === 0)).toBe(true);
    },
    DEADLINE,
  );

  test(
    "output without end is bounded, and death by a signal is named",
    async () => {
      await using sandbox = await opened.start();
      const flood = await shell(sandbox, "head -c 3000000 /dev/zero | tr '\\0' x");
      expect(flood.stdout.length).toBeLessThanOrEqual(65_536);
      expect(flood.stdout).toContain("more bytes were not kept");
      expect(await shell(sandbox, "kill -SEGV $$")).toMatchObject({ exit_code: null, signal: "SIGSEGV" });
    },
    DEADLINE,
  );

  test(
    "kills itself at the end of its life",
    async () => {
      await using sandbox = await opened.start({ lifetimeMs: 2000 });
      await Bun.sleep(200);
      let waited = 0;
      for (; existsSync(`/proc/${sandbox.initPid}`) && waited < 200; waited++) await Bun.sleep(50);
      expect(existsSync(`/proc/${sandbox.initPid}`)).toBe(false);
    },
    DEADLINE,
  );

  test(
    "leaves no container behind",
    async () => {
      const runId = crypto.randomUUID();
      const { initPid } = await (async () => {
        await using sandbox = await opened.start({ runId });
        await sandbox.hold({ phase: "bin", label: "sleep", argv: ["sleep", "600"], timeoutMs: 600_000 });
        return sandbox;
      })();
      const docker = await connectDocker();
      expect(await docker.listContainers({ all: true, filters: { label: [`${LABELS.run}=${runId}`] } })).toEqual([]);
      expect(existsSync(`/proc/${initPid}`)).toBe(false);
    },
    DEADLINE,
  );

  test("refuses what is no name or no version before anything is started", async () => {
    await expect(opened.start({ package: "--global" })).rejects.toMatchObject({ code: "invalid_name" });
    await expect(opened.start({ version: "latest" })).rejects.toMatchObject({ code: "invalid_version" });
    await expect(opened.start({ network: "open" })).rejects.toMatchObject({ code: "sandbox_failed" });
  });
});
