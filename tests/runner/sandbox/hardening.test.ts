import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { ContainerInspectInfo } from "dockerode";
import { until } from "../../../runner/sandbox/deadline.ts";
import { connectDocker } from "../../../runner/sandbox/docker.ts";
import type { Held, Sandbox } from "../../../runner/sandbox/host.ts";
import { LABELS } from "../../../runner/sandbox/owner.ts";
import { noSandbox, openTestHost, quiet, shell } from "./support.ts";

const DEADLINE = 60_000;

describe.skipIf(noSandbox !== null)("what a package's code can do to its sandbox", () => {
  let opened: Awaited<ReturnType<typeof openTestHost>>;
  let sandbox: Sandbox;
  let held: Held;
  let inspected: ContainerInspectInfo;
  beforeAll(async () => {
    opened = await openTestHost([quiet()]);
    const runId = crypto.randomUUID();
    sandbox = await opened.start({ runId });
    held = await sandbox.hold({ phase: "bin", label: "true", argv: ["true"], timeoutMs: 10_000 });
    const docker = await connectDocker();
    const [container] = await docker.listContainers({ filters: { label: [`${LABELS.run}=${runId}`] } });
    inspected = await docker.getContainer(container?.Id ?? "").inspect();
  }, 180_000);
  afterAll(async () => {
    await sandbox?.[Symbol.asyncDispose]();
    await opened?.[Symbol.asyncDispose]();
  }, 60_000);

  function status(pid: number): Record<string, string> {
    const lines = readFileSync(`/proc/${pid}/status`, "utf8").trim().split("\n");
    return Object.fromEntries(lines.map((line) => line.split(":\t", 2).map((part) => part.trim())));
  }

  test("the kernel holds no capability for it, no way to new ones, and filters its calls", () => {
    const nothing = "0000000000000000";
    for (const pid of [held.pid, sandbox.initPid]) {
      expect(status(pid)).toMatchObject({
        CapEff: nothing,
        CapPrm: nothing,
        CapBnd: nothing,
        CapAmb: nothing,
        NoNewPrivs: "1",
        Seccomp: "2",
      });
    }
    expect(status(held.pid)["Uid"]).toBe("1000\t1000\t1000\t1000");
    expect(status(held.pid)["Gid"]).toBe("1000\t1000\t1000\t1000");
    expect(status(held.pid)["Groups"]).toBe("1000");
  });

  test("nothing of the host is mounted, and only /tmp, /var/tmp and home can be written", () => {
    expect(inspected.HostConfig.Binds ?? []).toEqual([]);
    expect(inspected.Mounts.filter(({ Type }) => Type === "bind" || Type === "volume")).toEqual([]);
    expect(inspected.HostConfig).toMatchObject({ Privileged: false, PidMode: "", UTSMode: "", ReadonlyRootfs: true });
    const mounts = readFileSync(`/proc/${held.pid}/mounts`, "utf8")
      .trim()
      .split("\n")
      .map((line) => line.split(" "));
    const writable = mounts
      .filter(([, , , options = ""]) => options.split(",").includes("rw"))
      .map(([, place]) => place);
    const ofTheKernel = /^\/(?:proc|dev)(?:\/|$)/;
    const home = sandbox.environment.home;
    expect(writable.filter((place = "") => !ofTheKernel.test(place) && place !== "/sys/fs/cgroup").sort()).toEqual(
      [home, "/tmp", "/var/tmp"].sort(),
    );
    for (const [, place = "", , options = ""] of mounts) {
      if (["/tmp", "/var/tmp", home].includes(place)) expect(options).toMatch(/nosuid.*nodev.*size=/);
    }
  });

  test("the cgroup bounds its processes and memory, and swap adds nothing", () => {
    const { PidsLimit, Memory, MemorySwap, NanoCpus } = inspected.HostConfig;
    expect(PidsLimit).toBe(256);
    expect(MemorySwap).toBe(Memory ?? 0);
    expect(Memory).toBe(2 ** 31);
    expect(NanoCpus).toBeGreaterThan(0);
    const limits = readFileSync(`/proc/${held.pid}/limits`, "utf8");
    expect(limits).toMatch(/Max core file size +0 +0 /);
    expect(limits).toMatch(/Max open files +8192 +8192 /);
    expect(limits).toMatch(/Max file size +536870912 +536870912 /);
  });

  test("it shares no namespace with this host", () => {
    for (const kind of ["pid", "net", "ipc", "uts", "mnt"]) {
      const link = (pid: number | "self") => Bun.spawnSync(["readlink", `/proc/${pid}/ns/${kind}`]).stdout.toString();
      expect(link(held.pid)).not.toBe(link("self"));
    }
  });

  test(
    "it cannot write to the system, change its user, end the idle processes or look into them",
    async () => {
      const { stdout } = await shell(
        sandbox,
        `touch /usr/bin/x 2>/dev/null || echo read-only
       find / -xdev -perm /6000 -type f 2>/dev/null | head -3
       kill -9 1 2>/dev/null || echo no kill
       for pid in /proc/[0-9]*; do [ "$(stat -c %u $pid)" = 0 ] && kill -9 \${pid#/proc/} 2>/dev/null && echo killed $pid; done
       cat /proc/1/environ >/dev/null 2>&1 || echo no environ
       unshare -U true 2>/dev/null || echo no user namespace
       ls /var/run/docker.sock 2>/dev/null; echo end`,
      );
      expect(stdout.trim().split("\n")).toEqual(["read-only", "no kill", "no environ", "no user namespace", "end"]);
      expect(status(sandbox.initPid)["State"]).toStartWith("S");
    },
    DEADLINE,
  );

  test(
    "a fork bomb stops at the limit and is cleared away",
    async () => {
      await using bombed = await opened.start();
      const end = await shell(bombed, "bomb() { bomb | bomb & }; bomb; sleep 30", 2_000);
      expect(end.timed_out || end.exit_code !== 0).toBe(true);
      bombed.killAll();
      expect(await until(5_000, 5, () => bombed.survivors().length === 0)).toBe(true);
    },
    DEADLINE,
  );

  test(
    "it sees a developer's machine",
    async () => {
      const { stdout } = await shell(
        sandbox,
        "hostname; id -un; cat ~/.gitconfig; ls -A ~ ~/project; stat -c %a ~/.ssh/id_ed25519; . /etc/os-release; echo $ID",
      );
      for (const text of ["workstation", "node", "CLAUDE.md", ".env", ".aws", "600", "debian"])
        expect(stdout).toContain(text);
      expect(stdout).not.toMatch(/fangs|sandbox/i);
    },
    DEADLINE,
  );
});
