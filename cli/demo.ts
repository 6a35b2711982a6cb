import type { CommandDef } from "citty";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, createClient } from "../protocol/client.ts";
import { EXIT } from "../protocol/errors.ts";
import { jsonArgs, leaf } from "./command.ts";
import { VERSION } from "./manifest.ts";
import { painter, printJson, printLines } from "./output.ts";
import { deviationsOf } from "./paging.ts";
import { safe } from "./safe.ts";
import type { Terminal } from "./terminal.ts";
import { verdictLines } from "./verdict.ts";
import { watchScan } from "./watch.ts";

const TIMEOUT_MS = 120_000;

export const command: CommandDef = leaf({
  args: { ...jsonArgs },
  async run({ args, terminal }) {
    const tell = (line: string): void => terminal.err(`${safe(line)}\n`);
    const dataDir = await mkdtemp(join(tmpdir(), "fangs-demo-"));
    await using cleanup = new AsyncDisposableStack();
    cleanup.defer(() => rm(dataDir, { recursive: true, force: true }));

    const { startLocalRegistry } = await import("../npm/local-registry.ts");
    const { createRegistryClient } = await import("../npm/registry.ts");
    const { readNpmConfig } = await import("../npm/config.ts");
    const { startOrchestrator } = await import("../server/start.ts");
    const { startRunner } = await import("../runner/start.ts");
    const { DEMO_PACKAGE, DEMO_RELEASES, demoPackage } = await import("./demo-package.ts");

    const published = cleanup.use(startLocalRegistry());
    for (const version of DEMO_RELEASES) await published.publish(demoPackage(version));
    tell(`published ${DEMO_PACKAGE} ${DEMO_RELEASES.join(" and ")} to ${published.url}`);
    const registry = createRegistryClient(
      readNpmConfig({ environment: { npm_config_registry: published.url }, files: [] }),
    );

    const server = await startOrchestrator({ dataDir, listen: { hostname: "127.0.0.1", port: 0 }, registry });
    cleanup.defer(() => server.stop());
    const token = async (name: string) => (await readFile(join(dataDir, name), "utf8")).trim();
    const runner = await startRunner({
      client: createClient({ url: server.url, token: await token("runner-token") }),
      registry,
      name: `demo-${process.pid}`,
      version: VERSION,
      concurrency: 1,
      dataDir,
      makeImage: true,
      tell,
    });
    cleanup.defer(() => runner.drain());

    const client = createClient({ url: server.url, token: await token("admin-token") });
    for (const version of DEMO_RELEASES) await show(client, DEMO_PACKAGE, version, args.json === true, terminal);
    return EXIT.clean;
  },
});

async function show(client: Client, name: string, version: string, json: boolean, terminal: Terminal): Promise<void> {
  const scan = await client.submitScan({ package: name, version });
  const run = await watchScan(client, scan, { terminal, timeoutMs: TIMEOUT_MS });
  const deviations = await deviationsOf(client, run.id);
  if (json) printJson(terminal, "fangs.run/1", { run, deviations });
  else printLines(terminal, verdictLines(run, deviations, painter(terminal.colors.out)));
}
