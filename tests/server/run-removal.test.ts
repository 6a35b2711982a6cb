import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { codeOf, completeRun, leaseNext, leaseOne, segment, startTestServer, type TestServer } from "./support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

test("a run that is called off is cancelled with its reason, and its runner may write no more", async () => {
  const lease = await leaseOne(server, "axios");
  const run = await server.admin.cancelRun(lease.run_id, "not needed");
  expect([run.state, run.reason]).toEqual(["cancelled", "not needed"]);
  expect(await codeOf(server.runner.putSegment(lease.run_id, lease.lease, 0, segment(["/a"])))).toBe("lease_lost");
  expect(await codeOf(server.admin.cancelRun(lease.run_id, "again"))).toBe("conflict");
  expect((await server.admin.jobs()).jobs).toEqual([]);
  // A waiting one never reaches a runner.
  const { runs } = await server.admin.submitScan({ package: "axios", version: "1.0.0" });
  await server.admin.cancelRun(runs[0]!.id, "not needed");
  expect(await leaseNext(server).catch((error: Error) => error.message)).toBe("there was no job");
});

test("a run that is over is deleted with all it brought, and the trail says what it was", async () => {
  await completeRun(server, ["/a"], { version: "0.9.0" });
  const clean = await completeRun(server, ["/a"], { version: "1.0.0" });
  const deviant = await completeRun(server, ["/a", "/b"], { version: "1.1.0" });
  for (const { id } of [clean, deviant]) {
    await server.admin.deleteRun(id, "by mistake");
    expect(await codeOf(server.admin.run(id))).toBe("not_found");
  }
  expect((await server.admin.deviations({ package: "lodash" })).deviations).toEqual([]);
  const { entries } = await server.admin.audit({ action: "run.delete" });
  expect(entries.map(({ before }) => (before as { verdict: string }).verdict).toSorted()).toEqual(["clean", "deviant"]);
  // The baseline is whole, and the next run is compared with it.
  expect((await completeRun(server, ["/a"], { version: "1.1.0" })).verdict).toBe("clean");
  expect((await server.admin.baseline("lodash")).entries).toHaveLength(1);
});

test("a run that is at work, counts for a baseline or did so once is not deleted", async () => {
  const lease = await leaseOne(server, "@types/node");
  expect(await codeOf(server.admin.deleteRun(lease.run_id, "x"))).toBe("conflict");
  await server.admin.cancelRun(lease.run_id, "x");
  const seeded = await completeRun(server, ["/a"], { package: "@types/node", version: "1.0.0" });
  expect(await codeOf(server.admin.deleteRun(seeded.id, "x"))).toBe("conflict");
  const promoted = await completeRun(server, ["/a", "/b"], { package: "@types/node", version: "1.1.0" });
  await server.admin.promoteRun(promoted.id, "x");
  await server.admin.undoBaseline("@types/node", "x");
  expect((await server.admin.run(promoted.id)).decision).toBeNull();
  expect(await codeOf(server.admin.deleteRun(promoted.id, "x"))).toBe("conflict");
  await server.admin.deleteRun(lease.run_id, "x");
});
