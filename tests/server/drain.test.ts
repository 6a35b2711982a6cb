import { expect, setDefaultTimeout, test } from "bun:test";
import type { RegistryClient } from "../../npm/registry.ts";
import { completeRun, leaseOne, result, segment, startTestServer, temporaryFolder, testRegistry } from "./support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

/** The tests' registry, whose documents wait for a promise from the second that is asked for. */
function slowRegistry(wait: Promise<void>): { registry: RegistryClient; asked: Promise<void> } {
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  let documents = 0;
  return {
    asked,
    registry: {
      ...testRegistry,
      async packument(name, ...more) {
        // The first is the submission's own.
        if (documents++ > 0) {
          resolve();
          await wait;
        }
        return testRegistry.packument(name, ...more);
      },
    },
  };
}

test("an analysis in progress is finished before the server stops, and its runner is answered", async () => {
  using folder = temporaryFolder();
  const { promise: wait, resolve: go } = Promise.withResolvers<void>();
  const { registry, asked } = slowRegistry(wait);
  const server = await startTestServer({ dataDir: folder.path, registry });
  const lease = await leaseOne(server);
  await server.runner.putSegment(lease.run_id, lease.lease, 0, segment(["/a"]));
  const answer = server.runner.putResult(lease.run_id, lease.lease, result(1));
  await asked;
  const stopped = server.stop();
  go();
  expect((await answer).verdict).toBe("seeded");
  await stopped;
});

test("an analysis that takes too long is made when the runner sends the result to the next start, once", async () => {
  using folder = temporaryFolder();
  const { promise: never, resolve: go } = Promise.withResolvers<void>();
  const { registry, asked } = slowRegistry(never);
  const server = await startTestServer({ dataDir: folder.path, registry, drainMs: 200 });
  const lease = await leaseOne(server);
  await server.runner.putSegment(lease.run_id, lease.lease, 0, segment(["/a"]));
  const answer = server.runner.putResult(lease.run_id, lease.lease, result(1)).catch((error: unknown) => error);
  await asked;
  await server.stop();
  expect(await answer).toMatchObject({ code: "server_unreachable" });

  await using next = await startTestServer({ dataDir: folder.path });
  // Nothing is half stored, and the runner that got no answer asks again.
  expect(await next.admin.run(lease.run_id)).toMatchObject({ state: "leased", result: null, attempt: 1 });
  expect((await next.runner.putResult(lease.run_id, lease.lease, result(1))).verdict).toBe("seeded");
  expect((await completeRun(next, ["/a"])).verdict).toBe("clean");
  go();
});
