/** What the sandbox's tests share: a registry of packages made on the spot, the image, a host, a run. */
import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { readNpmConfig } from "../../../npm/config.ts";
import { createRegistryClient } from "../../../npm/registry.ts";
import { FangsError } from "../../../protocol/errors.ts";
import { connectDocker } from "../../../runner/sandbox/docker.ts";
import { type PhaseCommand, type PhaseEnd, type Sandbox, openSandboxHost } from "../../../runner/sandbox/host.ts";
import { buildImage, findImage } from "../../../runner/sandbox/image.ts";
import { type RegistrySource, registrySource } from "../../../runner/sandbox/registry-source.ts";
import type { SandboxHostOptions, SandboxRequest } from "../../../runner/sandbox/host.ts";

/** One image for all tests; the default tag belongs to the user. */
export const TEST_IMAGE = "fangs-sandbox:test";

export interface TestRelease {
  manifest: { name: string; version: string; [field: string]: unknown };
  files?: Record<string, string>;
  published?: string;
}

/** Why no sandbox can be made here; null if one can. */
export const noSandbox: string | null = await (async () => {
  if (process.getuid?.() !== 0) return "needs root";
  if (Bun.which("iptables") === null || Bun.which("ip") === null) return "needs iptables and ip";
  try {
    await connectDocker();
    return null;
  } catch {
    return "needs a Docker daemon";
  }
})();
if (noSandbox !== null) process.stderr.write(`Sandbox tests are skipped: ${noSandbox}.\n`);

/** Makes the test image unless it is there. */
export async function ensureImage(): Promise<void> {
  const docker = await connectDocker();
  try {
    await findImage(docker, TEST_IMAGE);
  } catch (error) {
    if (!(error instanceof FangsError) || error.code !== "image_missing") throw error;
    const registry = registrySource(createRegistryClient(readNpmConfig()));
    await buildImage({ from: "packages", tag: TEST_IMAGE, registry });
  }
}

/** A registry on loopback that serves these releases, and a source that reads it with fangs' own client. */
export async function startRegistry(
  releases: TestRelease[],
): Promise<{ source: RegistrySource; requests: string[] } & AsyncDisposable> {
  const requests: string[] = [];
  const tarballs = new Map<string, Uint8Array>();
  for (const release of releases) tarballs.set(tarballPath(release), await makeTarball(release));
  const server: Bun.Server<undefined> = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request): Response {
      const path = decodeURIComponent(new URL(request.url).pathname);
      requests.push(path);
      const tarball = tarballs.get(path);
      if (tarball !== undefined) return new Response(Uint8Array.from(tarball));
      const own = releases.filter(({ manifest }) => `/${manifest.name}` === path);
      if (own.length === 0) return Response.json({ error: "not found" }, { status: 404 });
      return Response.json(packument(own, tarballs, `http://127.0.0.1:${server.port}`));
    },
  });
  const config = readNpmConfig({ environment: { npm_config_registry: `http://127.0.0.1:${server.port}/` }, files: [] });
  return {
    source: registrySource(createRegistryClient(config)),
    requests,
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}

/** A host with a registry of these releases and a directory of its own. */
export async function openTestHost(releases: TestRelease[], options: Partial<SandboxHostOptions> = {}) {
  await ensureImage();
  await using stack = new AsyncDisposableStack();
  const stateDir = await mkdtemp(join(tmpdir(), "fangs-test-"));
  stack.defer(() => rm(stateDir, { recursive: true, force: true }));
  const registry = stack.use(await startRegistry(releases));
  const host = stack.use(
    await openSandboxHost({
      image: TEST_IMAGE,
      stateDir,
      registry: registry.source,
      runner: "sandbox-test",
      ...options,
    }),
  );
  const start = (request: Partial<SandboxRequest> = {}) =>
    host.start({
      runId: crypto.randomUUID(),
      package: "quiet",
      version: "1.0.0",
      network: "registry",
      before: null,
      lifetimeMs: 120_000,
      ...request,
    });
  const opened = stack.move();
  return { host, start, registry, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** Holds the command and lets it go. */
export async function runCommand(sandbox: Sandbox, command: PhaseCommand): Promise<PhaseEnd> {
  return await (await sandbox.hold(command)).release();
}

/** Runs a line of shell in the sandbox. */
export function shell(sandbox: Sandbox, line: string, timeoutMs = 20_000): Promise<PhaseEnd> {
  return runCommand(sandbox, { phase: "import", label: "shell", argv: ["sh", "-c", line], timeoutMs });
}

/** A release whose import does what the code says. */
export function quiet(name = "quiet", version = "1.0.0", code = "module.exports = 1;"): TestRelease {
  return { manifest: { name, version, main: "index.js" }, files: { "index.js": code } };
}

// --- internal ---

function tarballPath({ manifest: { name, version } }: TestRelease): string {
  return `/${name}/-/${name.slice(name.indexOf("/") + 1)}-${version}.tgz`;
}

async function makeTarball({ manifest, files = {} }: TestRelease): Promise<Uint8Array> {
  const archive = pack();
  archive.entry({ name: "package/package.json" }, JSON.stringify(manifest));
  for (const [path, text] of Object.entries(files)) archive.entry({ name: `package/${path}`, mode: 0o755 }, text);
  archive.finalize();
  return gzipSync(await buffer(archive));
}

function packument(releases: TestRelease[], tarballs: Map<string, Uint8Array>, base: string) {
  const versions = releases.map((release) => {
    const path = tarballPath(release);
    const integrity = `sha512-${createHash("sha512")
      .update(tarballs.get(path) ?? "")
      .digest("base64")}`;
    return { ...release.manifest, dist: { tarball: base + path, integrity } };
  });
  const latest = versions
    .map(({ version }) => version)
    .sort(Bun.semver.order)
    .at(-1);
  const time = releases.map(({ manifest, published }) => [manifest.version, published ?? "2024-01-01T00:00:00.000Z"]);
  return {
    name: versions[0]?.name,
    "dist-tags": { latest },
    versions: Object.fromEntries(versions.map((version) => [version.version, version])),
    time: Object.fromEntries(time),
  };
}
