import { afterAll, describe, expect, test } from "bun:test";
import { chmodSync, copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FANGS, place, unavailable } from "./support.ts";

describe.skipIf(unavailable !== undefined)("the executable alone", () => {
  const folder = mkdtempSync(join(tmpdir(), "fangs-alone-"));
  const alone = join(folder, "fangs");
  if (unavailable === undefined) copyFileSync(FANGS, alone);
  writeFileSync(join(folder, "bunfig.toml"), 'preload = ["./evil.ts"]\n');
  writeFileSync(join(folder, "evil.ts"), `require("fs").writeFileSync("${folder}/owned", "")\n`);
  writeFileSync(join(folder, ".env"), "FANGS_DATA_DIR=/nonexistent/by-env\nFANGS_SERVER=http://127.0.0.1:1\n");
  writeFileSync(join(folder, "tsconfig.json"), "{ broken");
  writeFileSync(join(folder, "package.json"), '{"version":"6.6.6","type":"commonjs"}');
  afterAll(() => rmSync(folder, { recursive: true }));

  const run = (command: string[], env: Record<string, string> = {}) => {
    const { FANGS_DATA_DIR: _, FANGS_SERVER: __, ...rest } = process.env;
    const ended = Bun.spawnSync(command, { cwd: folder, env: { ...rest, ...env } });
    return { code: ended.exitCode, stdout: ended.stdout.toString(), stderr: ended.stderr.toString() };
  };
  const inNamespace = (hide: string, ...args: string[]) =>
    run(["unshare", "-m", "sh", "-c", `mount --bind /dev/null ${hide} && exec "$@"`, "sh", alone, ...args]);

  test("a hostile bunfig.toml, .env, tsconfig.json and package.json beside it mean nothing", () => {
    const version = run([alone, "version"]);
    expect([version.code, version.stdout.includes("6.6.6")]).toEqual([0, false]);
    const trace = run([alone, "trace", "--", "cat", "/etc/hostname"]);
    expect(trace.code).toBe(0);
    expect(trace.stdout).toContain("open       /etc/hostname O_RDONLY = ok");
    const list = run([alone, "run", "list"]);
    expect(list.stderr).not.toContain("by-env");
    expect(list.stderr).not.toContain("127.0.0.1:1 ");
    expect(existsSync(join(folder, "owned"))).toBe(false);
  });

  test("it makes certificates by itself", () => {
    const { code, stderr } = run([alone, "tls", "init", join(folder, "tls")]);
    expect([code, stderr]).toEqual([0, expect.stringContaining("ca-key.pem")]);
    const files = [...new Bun.Glob("*.pem").scanSync(join(folder, "tls"))];
    expect(files.sort()).toEqual(expect.arrayContaining(["ca.pem", "server-key.pem", "server.pem"]));
  });

  test("who is not root is told that probes need it", () => {
    chmodSync(folder, 0o755);
    const { code, stderr } = run([
      "setpriv",
      "--reuid=65534",
      "--regid=65534",
      "--clear-groups",
      alone,
      "trace",
      "--",
      "true",
    ]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^fangs: The sensor needs root.+\nhint: .*sudo/);
  });

  test("a kernel without BTF is named as the reason", () => {
    const { code, stderr } = inNamespace("/sys/kernel/btf/vmlinux", "trace", "--", "true");
    expect(code).toBe(3);
    expect(stderr).toMatch(/^fangs: .+\nhint: .*BTF/);
    const doctor = inNamespace("/sys/kernel/btf/vmlinux", "doctor");
    expect(doctor.code).toBe(3);
    expect(doctor.stdout).toContain("FAIL BTF");
  });

  test("a Docker that does not answer is named as the reason", async () => {
    await using here = place();
    const socket = inNamespace("/var/run/docker.sock", "up", "--listen", here.listen, "--data-dir", here.dataDir);
    expect(socket.code).toBe(3);
    expect(socket.stderr).toMatch(/fangs: .*Docker.+\nhint: /);
  });

  test("doctor says that this host can watch", () => {
    const { code, stdout } = run([alone, "doctor", "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ schema: "fangs.doctor/1", ready: true });
  });
});
