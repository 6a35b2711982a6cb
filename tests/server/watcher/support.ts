/** A watcher on a store in memory, with a registry on loopback that can be made to misbehave. */
import { readNpmConfig } from "../../../npm/config.ts";
import { type LocalRegistry, startLocalRegistry } from "../../../npm/local-registry.ts";
import { createRegistryClient } from "../../../npm/registry.ts";
import { watchPackage } from "../../../server/packages.ts";
import { createSignal } from "../../../server/signal.ts";
import type { Services } from "../../../server/services.ts";
import { watch, type WatchOptions } from "../../../server/watcher/watch.ts";
import { keptTarballs } from "../../../server/kept-tarballs.ts";
import { temporaryFolder, testServices } from "../support.ts";

export interface Place extends AsyncDisposable {
  services: Services;
  registry: LocalRegistry;
  /** Paths that the registry was asked for, and when. */
  requests: { path: string; at: number; etag: string | null }[];
  /** Answers in the registry's place while it is set. */
  fault: ((request: Request, path: string) => Response | Promise<Response> | undefined) | undefined;
  /** Publishes a small package. */
  publish(name: string, version: string, tag?: string): Promise<void>;
  /** Adds a package as `fangs package add` does, without seeds. */
  add(name: string): Promise<void>;
  /** Watches until the condition holds; fails after a minute. */
  watchUntil(condition: () => Promise<boolean> | boolean, options?: Partial<WatchOptions>): Promise<void>;
  /** The package's runs, `version kind` each, in the order they were queued. */
  runs(name: string): Promise<string[]>;
  /** Makes every watched package due. */
  due(): Promise<void>;
}

/** With a real clock: the watcher waits in real time. */
export async function place(): Promise<Place> {
  const folder = temporaryFolder();
  const requests: Place["requests"] = [];
  const registry = startLocalRegistry({
    intercept(request, path) {
      if (request.method === "GET") {
        requests.push({ path, at: performance.now(), etag: request.headers.get("if-none-match") });
        return here.fault?.(request, path);
      }
      return undefined;
    },
  });
  const npm = readNpmConfig({ environment: { npm_config_registry: registry.url }, files: [] });
  const services = await testServices({
    registry: createRegistryClient(npm),
    tarballs: keptTarballs(`${folder.path}/tarballs`),
    watching: createSignal(),
    now: Date.now,
  });
  const here: Place = {
    services,
    registry,
    requests,
    fault: undefined,
    publish: (name, version, tag) => registry.publish({ "package.json": JSON.stringify({ name, version }) }, tag),
    add: async (name) => void (await watchPackage(services, { name, seed: 0 }, "test")),
    async watchUntil(condition, options = {}) {
      const stop = new AbortController();
      const watching = watch(services, { npm, intervalMs: 60_000, rate: 1000, ...options }, stop.signal);
      try {
        const deadline = performance.now() + 60_000;
        while (!(await condition())) {
          if (performance.now() > deadline) throw new Error("waited a minute in vain");
          await Bun.sleep(10);
        }
      } finally {
        stop.abort();
        await watching;
      }
    },
    async runs(name) {
      const rows = await services.db.query
        .selectFrom("run")
        .select(["version", "kind"])
        .where("package", "=", name)
        .orderBy("id")
        .execute();
      return rows.map(({ version, kind }) => `${version} ${kind}`);
    },
    async due() {
      await services.db.query.updateTable("watch").set({ due_at: 0 }).execute();
    },
    async [Symbol.asyncDispose]() {
      await registry[Symbol.asyncDispose]();
      await services.db.close();
      folder[Symbol.dispose]();
    },
  };
  return here;
}
