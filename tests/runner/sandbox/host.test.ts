import { afterAll, describe, expect, test } from "bun:test";
import { connectDocker, leniently } from "../../../runner/sandbox/docker.ts";
import { buildImage } from "../../../runner/sandbox/image.ts";
import { noSandbox, openTestHost, quiet, runCommand } from "./support.ts";

const HOST_IMAGE = `fangs-sandbox:test-host-${process.pid}`;
const unusedRegistry = {
  packument: () => Promise.reject(new Error("not asked")),
  tarball: () => Promise.reject(new Error("not asked")),
};

test("without a daemon the error says that Docker does not answer, and where", async () => {
  await expect(openTestHost([], { docker: "/nonexistent/docker.sock" })).rejects.toMatchObject({
    code: "docker_unavailable",
    message: expect.stringContaining("/nonexistent/docker.sock"),
  });
});

describe.skipIf(noSandbox !== null)("the image", () => {
  const made: string[] = [HOST_IMAGE];
  afterAll(async () => {
    const docker = await connectDocker();
    for (const image of made) await leniently(docker.getImage(image).remove({ force: true }));
  });

  test("one that is missing can be made, says the hint", async () => {
    await expect(openTestHost([], { image: "fangs-sandbox:nowhere" })).rejects.toMatchObject({
      code: "image_missing",
      hint: expect.stringContaining("fangs image build"),
    });
  });

  test("one made of this machine's own programs, twice over, installs a package", async () => {
    const lines: string[] = [];
    const build = () =>
      buildImage({
        from: "host",
        tag: HOST_IMAGE,
        registry: unusedRegistry,
        progress: (line) => void lines.push(line),
      });
    const first = await build();
    const second = await build();
    made.push(first.id, second.id);
    expect(lines.length).toBeGreaterThanOrEqual(6);
    expect(second).toMatchObject({ node: first.node, npm: first.npm });

    await using opened = await openTestHost([quiet()], { image: HOST_IMAGE });
    expect(opened.host).toMatchObject({ image: second.id, nodeVersion: first.node, npmVersion: first.npm });
    await using sandbox = await opened.start();
    expect((await runCommand(sandbox, sandbox.installCommand())).exit_code).toBe(0);
    const commands = await sandbox.commands("import");
    expect(Array.isArray(commands) && commands.map(({ label }) => label)).toEqual(["require", "import"]);
  }, 180_000);

  test("one without fangs' labels is asked which node and npm it has", async () => {
    const docker = await connectDocker();
    const container = await docker.createContainer({ Image: HOST_IMAGE, Cmd: ["true"] });
    try {
      await container.commit({
        repo: HOST_IMAGE.split(":")[0],
        tag: HOST_IMAGE.split(":")[1],
        changes: "LABEL dev.fangs.node= dev.fangs.npm=",
      });
    } finally {
      await container.remove({ force: true });
    }
    await using opened = await openTestHost([], { image: HOST_IMAGE });
    expect(opened.host.nodeVersion).toMatch(/^\d+\.\d+\.\d+$/);
    expect(opened.host.npmVersion).toMatch(/^\d+\.\d+\.\d+$/);
  }, 60_000);
});
