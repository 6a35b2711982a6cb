import { describe, expect, test } from "bun:test";
import { pack } from "tar-stream";
import type { RegistryClient } from "../../npm/registry.ts";
import { FangsError } from "../../protocol/errors.ts";
import type { ReleaseMeta } from "../../protocol/models.ts";
import { isStillTrue } from "../../server/release-meta.ts";
import { completeRun, finishRun, leaseNext, startTestServer, testRegistry, type TestServer } from "./support.ts";

/** The registry of the other tests with whole documents and tarballs; its documents can go away and come back. */
function wholeRegistry() {
  const state = { asked: 0, isGone: false, held: Promise.resolve() };
  const registry: RegistryClient = {
    async packument(name, options) {
      if (options?.full === true) {
        state.asked++;
        await state.held;
      }
      if (options?.full === true && state.isGone) throw new FangsError("registry_unreachable", "The registry is gone.");
      return testRegistry.packument(name, options);
    },
    async tarball() {
      const tar = pack();
      tar.entry({ name: "package/package.json" }, "{}");
      tar.finalize();
      const parts: Uint8Array[] = [];
      for await (const part of tar) if (part instanceof Uint8Array) parts.push(part);
      return Bun.gzipSync(Buffer.concat(parts));
    },
  };
  return { registry, state };
}

async function lookedUp(server: TestServer, id: string): Promise<ReleaseMeta> {
  for (let tries = 0; tries < 500; tries++) {
    const { release, state } = await server.admin.run(id);
    if (release !== null) {
      expect(state).toBe("queued");
      return release;
    }
    await Bun.sleep(10);
  }
  throw new Error("it was not looked up");
}

describe("a release", () => {
  test("is looked up while its run waits for a runner, and its verdict asks nobody", async () => {
    const { registry, state } = wholeRegistry();
    await using server = await startTestServer({ registry });
    await completeRun(server, ["/a"]);
    const { runs } = await server.admin.submitScan({ package: "lodash", version: "1.1.0" });
    const release = await lookedUp(server, runs[0]!.id);
    expect(release).toEqual({ predecessor: "1.0.0", changes: [], unknown: null });
    const { asked } = state;
    state.isGone = true;
    const ended = await finishRun(server, await leaseNext(server), ["/a"]);
    expect(await server.admin.run(ended.id)).toMatchObject({ id: runs[0]!.id, verdict: "clean", release });
    expect(state.asked).toBe(asked);
  });

  test("that could not be looked up ahead is looked up for its verdict", async () => {
    const { registry, state } = wholeRegistry();
    await using server = await startTestServer({ registry });
    await completeRun(server, ["/a"]);
    state.isGone = true;
    const { runs } = await server.admin.submitScan({ package: "lodash", version: "1.1.0" });
    expect((await lookedUp(server, runs[0]!.id)).unknown).toBe("The registry is gone.");
    state.isGone = false;
    const { id } = await finishRun(server, await leaseNext(server), ["/a"]);
    expect((await server.admin.run(id)).release).toEqual({ predecessor: "1.0.0", changes: [], unknown: null });
  });
});

test("an answer that comes when the verdict is there changes nothing of what the verdict went by", async () => {
  const { registry, state } = wholeRegistry();
  await using server = await startTestServer({ registry });
  await completeRun(server, ["/a"]);
  const slow = Promise.withResolvers<void>();
  state.held = slow.promise;
  const { asked } = state;
  await server.admin.submitScan({ package: "lodash", version: "1.1.0" });
  while (state.asked === asked) await Bun.sleep(5);
  state.held = Promise.resolve();
  const { id } = await finishRun(server, await leaseNext(server), ["/a"]);
  state.isGone = true;
  slow.resolve();
  await Bun.sleep(300);
  expect((await server.admin.run(id)).release).toEqual({ predecessor: "1.0.0", changes: [], unknown: null });
});

describe("what was looked up ahead", () => {
  const of = (predecessor: string | null, unknown: string | null = null): ReleaseMeta => ({
    ...{ predecessor, unknown },
    changes: [],
  });

  test.each([
    ["holds while the baseline has the same predecessor", of("1.0.0"), ["0.9.0", "1.0.0"], true],
    ["holds where the baseline has no lower version", of("1.0.0"), ["3.0.0"], true],
    ["holds for a release that is accepted itself", of("2.0.0"), ["1.0.0", "2.0.0"], true],
    ["does not hold once a nearer version was accepted", of("1.0.0"), ["1.0.0", "1.1.0"], false],
    ["does not hold once the release itself was accepted", of("1.0.0"), ["2.0.0"], false],
    ["does not hold where something was missing", of("1.0.0", "The registry took too long."), ["1.0.0"], false],
    ["does not hold where there was no predecessor and is one now", of(null), ["1.0.0"], false],
  ])("%s", (_, release, accepted, holds) => {
    expect(isStillTrue(release, "2.0.0", accepted)).toBe(holds);
  });
});
