/**
 * Records the corpus anew: `bun tests/corpus/record.ts`, as root on a host that `fangs doctor` likes, after a build.
 * It runs real releases in the sandbox, with a server and a runner of its own, and writes what came of it next to
 * this file; a few minutes, and the registry of npm's own configuration is asked for the releases.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { watchScan } from "../../cli/watch.ts";
import { DEMO_PACKAGE, DEMO_RELEASES, demoPackage } from "../../cli/demo-package.ts";
import { readNpmConfig } from "../../npm/config.ts";
import { startLocalRegistry } from "../../npm/local-registry.ts";
import { createRegistryClient, type RegistryClient } from "../../npm/registry.ts";
import { type Client, createClient } from "../../protocol/client.ts";
import { startRunner } from "../../runner/start.ts";
import { startOrchestrator } from "../../server/start.ts";
import { encodeRecording } from "./recording.ts";

const TIMEOUT_MS = 300_000;

/** Each release and how often; the second recording of the same release shows what differs from run to run. */
const RELEASES = [
  { name: "is-number", version: "7.0.0", times: 1 },
  { name: "express", version: "4.21.2", times: 2 },
];

await record(createRegistryClient(readNpmConfig()), RELEASES);

await using published = startLocalRegistry();
for (const version of DEMO_RELEASES) await published.publish(demoPackage(version));
const local = readNpmConfig({ environment: { npm_config_registry: published.url }, files: [] });
await record(
  createRegistryClient(local),
  DEMO_RELEASES.map((version) => ({ name: DEMO_PACKAGE, version, times: 1 })),
);

// --- internal ---

async function record(registry: RegistryClient, releases: typeof RELEASES): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), "fangs-corpus-"));
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => rm(dataDir, { recursive: true, force: true }));
  const server = await startOrchestrator({ dataDir, listen: { hostname: "127.0.0.1", port: 0 }, registry });
  cleanup.defer(() => server.stop());
  const token = async (name: string) => (await readFile(join(dataDir, name), "utf8")).trim();
  const runner = await startRunner({
    client: createClient({ url: server.url, token: await token("runner-token") }),
    registry,
    name: `corpus-${process.pid}`,
    version: "corpus",
    concurrency: 1,
    dataDir,
    makeImage: true,
    tell: (line) => void process.stderr.write(`${line}\n`),
  });
  cleanup.defer(() => runner.drain());

  const client = createClient({ url: server.url, token: await token("admin-token") });
  for (const { name, version, times } of releases) {
    for (let time = 1; time <= times; time++) await recordOne(client, name, version, time);
  }
}

async function recordOne(client: Client, name: string, version: string, time: number): Promise<void> {
  const terminal = {
    err: (text: string) => void process.stderr.write(text),
    interrupted: new AbortController().signal,
  };
  const run = await watchScan(client, await client.submitScan({ package: name, version }), {
    terminal,
    timeoutMs: TIMEOUT_MS,
  });
  const { result } = await client.run(run.id);
  if (result?.status !== "complete") throw new Error(`${name} ${version}: ${result?.reason ?? run.reason}`);
  const segments: Uint8Array[] = [];
  for (let seq = 0; seq < result.segments; seq++) {
    segments.push(await Bun.zstdDecompress(await client.traceSegment(run.id, seq)));
  }
  const file = `${name}-${version}${time > 1 ? `-${time}` : ""}.zst`;
  await writeFile(join(import.meta.dir, file), encodeRecording({ package: name, version, result, segments }));
  process.stderr.write(`${file}: ${result.events} events\n`);
}
