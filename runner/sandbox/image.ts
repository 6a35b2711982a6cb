/** The sandbox's image: found, or made without any container registry. */
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import type Docker from "dockerode";
import { FangsError } from "../../protocol/errors.ts";
import { within } from "./deadline.ts";
import { connectDocker, dockerStatus } from "./docker.ts";
import { unpackHost } from "./image-host.ts";
import { unpackPackages } from "./image-packages.ts";
import { finishRootfs } from "./image-persona.ts";
import { run } from "./host-command.ts";
import { LABELS } from "./owner.ts";
import type { RegistrySource } from "./registry-source.ts";

export const DEFAULT_IMAGE = "fangs-sandbox:node22";

const LABEL = { node: "dev.fangs.node", npm: "dev.fangs.npm" } as const;
const IMPORT_MS = 180_000;
const ASK_MS = 30_000;

export interface SandboxImage {
  /** `sha256:…` */
  id: string;
  node: string;
  npm: string;
}

export interface BuildOptions {
  /** `packages`: Debian packages and node from the npm registry. `host`: this machine's own node, npm and shell. */
  from: "packages" | "host";
  tag?: string;
  registry: RegistrySource;
  /** Told in a line what is being done. */
  progress?: (line: string) => void;
  docker?: string;
}

/**
 * Makes the image and gives it the tag. An image that had it stays without a name: a runner may still start containers of
 * it, as it keeps to the image it began with.
 *
 * @throws FangsError docker_unavailable, image_build_failed
 */
export async function buildImage(options: BuildOptions): Promise<SandboxImage> {
  const docker = await connectDocker(options.docker);
  const tag = options.tag ?? DEFAULT_IMAGE;
  const progress = options.progress ?? (() => {});
  const directory = await mkdtemp(join(tmpdir(), "fangs-image-"));
  try {
    const root = join(directory, "root");
    const versions =
      options.from === "host"
        ? await unpackHost(root, progress)
        : await unpackPackages({ root, downloads: join(directory, "downloads"), registry: options.registry, progress });
    await finishRootfs(root);
    progress("Importing the file system into Docker");
    await importRootfs(docker, root, tag, versions);
    const image = await findImage(docker, tag);
    progress(`Made ${tag} with node ${image.node} and npm ${image.npm}`);
    return image;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FangsError("image_build_failed", `The sandbox image could not be made: ${reason}`, {
      cause,
      hint:
        options.from === "packages"
          ? "It needs apt-get, dpkg-deb and tar, and a way to the package mirror and the npm registry."
          : "It needs node and npm on this machine.",
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/**
 * The image with this name, and which node and npm it has: from its labels, or by asking a container of it.
 *
 * @throws FangsError image_missing
 */
export async function findImage(docker: Docker, name: string): Promise<SandboxImage> {
  try {
    const { Id: id, Config } = await docker.getImage(name).inspect();
    const { [LABEL.node]: node, [LABEL.npm]: npm } = Config.Labels ?? {};
    if (node && npm) return { id, node, npm };
    return { id, ...(await askVersions(docker, id)) };
  } catch (cause) {
    if (dockerStatus(cause) !== 404) throw cause;
    throw new FangsError("image_missing", `Docker has no image ${name}.`, {
      cause,
      hint: "Make it with `fangs image build`.",
    });
  }
}

// --- internal ---

async function importRootfs(
  docker: Docker,
  root: string,
  tag: string,
  versions: { node: string; npm: string },
): Promise<void> {
  await chmod(root, 0o755);
  // Owned by root, and without set-user-id programs: nothing in a sandbox may change its user.
  await run(["find", root, "-type", "f", "-perm", "/6000", "-exec", "chmod", "a-s", "{}", "+"]);
  const archive = Bun.spawn(["tar", "-c", "--owner=0", "--group=0", "--numeric-owner", "-C", root, "."], {
    stdout: "pipe",
    stderr: "ignore",
    timeout: IMPORT_MS,
  });
  const [repo, version] = splitTag(tag);
  const stream = await docker.importImage(Readable.from(archive.stdout), {
    repo,
    tag: version,
    changes: [
      "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      `LABEL ${LABEL.node}=${versions.node} ${LABEL.npm}=${versions.npm}`,
    ],
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  docker.modem.followProgress(stream, (error: Error | null) => (error === null ? resolve() : reject(error)));
  await within(IMPORT_MS, "Docker's import", promise);
  if ((await archive.exited) !== 0) throw new FangsError("image_build_failed", "The file system could not be packed.");
}

function splitTag(tag: string): [repository: string, tag: string] {
  const colon = tag.lastIndexOf(":");
  return colon > tag.lastIndexOf("/") ? [tag.slice(0, colon), tag.slice(colon + 1)] : [tag, "latest"];
}

async function askVersions(docker: Docker, image: string): Promise<{ node: string; npm: string }> {
  const container = await docker.createContainer({
    Image: image,
    Entrypoint: [],
    Cmd: ["sh", "-c", "node -p process.versions.node && npm --version"],
    User: "1000:1000",
    Tty: true,
    Labels: { [LABELS.deadline]: String(Date.now() + ASK_MS) },
    HostConfig: {
      NetworkMode: "none",
      CapDrop: ["ALL"],
      PidsLimit: 64,
      Tmpfs: { "/home/node": "uid=1000", "/tmp": "" },
    },
  });
  try {
    await container.start();
    await within(ASK_MS, "The image's node and npm", container.wait());
    const [node = "", npm = ""] = (await container.logs({ stdout: true, follow: false }))
      .toString("utf8")
      .trim()
      .split(/\s+/);
    if (/^\d+\./.test(node) && /^\d+\./.test(npm)) return { node, npm };
    throw new FangsError("image_missing", `The image ${image} has no working node and npm.`);
  } finally {
    await container.remove({ force: true });
  }
}
