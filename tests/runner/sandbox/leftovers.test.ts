import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectDocker } from "../../../runner/sandbox/docker.ts";
import { until } from "../../../runner/sandbox/deadline.ts";
import { LABELS } from "../../../runner/sandbox/owner.ts";
import { TEST_IMAGE, ensureImage, noSandbox, openTestHost, quiet, shell } from "./support.ts";

const DEADLINE = 120_000;

describe.skipIf(noSandbox !== null)("what a dead runner leaves", () => {
  beforeAll(() => ensureImage(), 180_000);
  const children: Bun.Subprocess[] = [];
  const stateDir = mkdtempSync(join(tmpdir(), "fangs-test-"));
  afterAll(() => {
    for (const child of children) child.kill("SIGKILL");
    rmSync(stateDir, { recursive: true });
  });

  async function startChild() {
    const runId = crypto.randomUUID();
    const child = Bun.spawn([process.execPath, `${import.meta.dir}/_host-child.ts`, runId, stateDir], {
      stdout: "pipe",
      stderr: "inherit",
    });
    children.push(child);
    const reader = child.stdout.getReader();
    const { value } = await reader.read();
    const facts: { initPid: number; pid: number } = JSON.parse(new TextDecoder().decode(value));
    return { child, runId, ...facts };
  }
  async function rulesOf(runner: string): Promise<string[]> {
    return (await Bun.$`iptables-save`.quiet().text()).split("\n").filter((line) => line.includes(`fangs:${runner}:`));
  }
  async function containersOf(runId: string): Promise<number> {
    const docker = await connectDocker();
    return (await docker.listContainers({ all: true, filters: { label: [`${LABELS.run}=${runId}`] } })).length;
  }

  test(
    "a killed runner's container dies at once, with everything in it",
    async () => {
      const { child, runId, initPid, pid } = await startChild();
      expect(existsSync(`/proc/${pid}`)).toBe(true);
      const killed = performance.now();
      child.kill("SIGKILL");
      expect(await until(10_000, 10, () => !existsSync(`/proc/${initPid}`) && !existsSync(`/proc/${pid}`))).toBe(true);
      process.stderr.write(`the container died ${Math.round(performance.now() - killed)} ms after its runner\n`);
      expect(await until(10_000, 50, async () => (await containersOf(runId)) === 0)).toBe(true);

      // Its network and rules stay until the next runner starts.
      expect(await rulesOf("sandbox-test-child")).not.toEqual([]);
      await using _ = await openTestHost([quiet()]);
      expect(await rulesOf("sandbox-test-child")).toEqual([]);
      const docker = await connectDocker();
      const networks = await docker.listNetworks({ filters: { label: [LABELS.owner] } });
      expect(networks.filter(({ Labels }) => Labels?.[LABELS.owner]?.includes(`:${child.pid}:`))).toEqual([]);
    },
    DEADLINE,
  );

  test(
    "a stopped container of a dead owner, and one past its deadline, are removed",
    async () => {
      const docker = await connectDocker();
      const create = (labels: Record<string, string>) =>
        docker.createContainer({
          Image: TEST_IMAGE,
          Cmd: ["true"],
          Labels: labels,
          HostConfig: { NetworkMode: "none" },
        });
      const dead = await create({ [LABELS.owner]: await deadOwner() });
      const late = await create({ [LABELS.owner]: "elsewhere:1:1:1", [LABELS.deadline]: String(Date.now() - 1000) });
      const alive = await create({
        [LABELS.owner]: "elsewhere:1:1:1",
        [LABELS.deadline]: String(Date.now() + 600_000),
      });
      try {
        await using _ = await openTestHost([quiet()]);
        const left = (await docker.listContainers({ all: true })).map(({ Id }) => Id);
        expect(left).not.toContain(dead.id);
        expect(left).not.toContain(late.id);
        expect(left).toContain(alive.id);
      } finally {
        await alive.remove({ force: true });
      }
    },
    DEADLINE,
  );

  test(
    "another runner that lives is left alone by one that starts, and both work",
    async () => {
      const { child, runId, initPid } = await startChild();
      {
        await using opened = await openTestHost([quiet()]);
        await using sandbox = await opened.start();
        expect((await shell(sandbox, "echo works")).stdout).toBe("works\n");
        expect(await containersOf(runId)).toBe(1);
      }
      expect(existsSync(`/proc/${initPid}`)).toBe(true);
      expect(await rulesOf("sandbox-test-child")).not.toEqual([]);
      child.kill("SIGKILL");
      await child.exited;
      await using _ = await openTestHost([quiet()]);
      expect(await rulesOf("sandbox-test-child")).toEqual([]);
    },
    DEADLINE,
  );
});

/** An owner on this host whose process has ended. */
async function deadOwner(): Promise<string> {
  const ended = Bun.spawn(["true"]);
  await ended.exited;
  const namespace = /\d+/.exec(await Bun.$`readlink /proc/self/ns/pid`.text())?.[0];
  return `sandbox-test:${ended.pid}:1:${namespace}`;
}
