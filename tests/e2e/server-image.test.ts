/** The server's image: made without a registry, run without any privilege. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { unavailable, until } from "./support.ts";

const TAG = `fangs-server-test:${process.pid}`;

function docker(...args: string[]): { code: number; out: string } {
  const done = Bun.spawnSync(["docker", ...args]);
  return { code: done.exitCode, out: `${done.stdout}${done.stderr}`.trim() };
}

describe.skipIf(unavailable !== undefined)("the image of the server", () => {
  test("is built from the executable alone, serves, and stops in order", async () => {
    const built = Bun.spawnSync([join(import.meta.dir, "../../deploy/build-image.sh"), "server", TAG]);
    expect([built.exitCode, built.stderr.toString()]).toEqual([0, expect.any(String)]);
    const locked = ["--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"];
    const { out: id } = docker("run", "--detach", "--network", "none", ...locked, TAG);
    try {
      await until(() => docker("logs", id).out.includes("serving http://127.0.0.1:8443"), 60_000, "the server");
      // Its own CLI finds the token of its data directory; there is no shell and nobody but the user of the image.
      expect(docker("exec", id, "/usr/local/bin/fangs", "token", "list", "--json")).toMatchObject({
        code: 0,
        out: expect.stringContaining("local-admin"),
      });
      expect(docker("exec", id, "/bin/sh").code).not.toBe(0);
      expect(docker("inspect", "--format", "{{.Config.User}}", id).out).toBe("65532:65532");
      docker("stop", "--time", "60", id);
      expect(docker("inspect", "--format", "{{.State.ExitCode}}", id).out).toBe("0");
      const lines = docker("logs", id).out.split("\n");
      expect(lines.map((line) => (JSON.parse(line) as { message: string }).message).at(-1)).toBe("stopping");
    } finally {
      docker("rm", "--force", "--volumes", id);
      docker("rmi", "--force", TAG);
    }
  }, 180_000);
});
