import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { createPulse } from "../../server/pulse.ts";
import { whyNotReady } from "../../server/readiness.ts";
import { startTestServer, testServices } from "./support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

describe("a server is ready", () => {
  test("once it listens, and says so without a token", async () => {
    await using server = await startTestServer();
    const answer = await fetch(`${server.url}/v1/ready`);
    expect([answer.status, await answer.json()]).toEqual([200, { status: "ready" }]);
  });

  test("until it stops", async () => {
    const stopping = new AbortController();
    const services = await testServices({ stopping: stopping.signal });
    expect(await whyNotReady(services)).toEqual([]);
    stopping.abort();
    expect(await whyNotReady(services)).toEqual(["it is stopping"]);
    await services.db.close();
  });

  test("while its tasks work", async () => {
    const clock = { now: 0 };
    const services = await testServices({ pulse: createPulse(() => clock.now) });
    services.pulse.beat("sweep");
    services.pulse.beat("watcher");
    clock.now = 20_000;
    services.pulse.beat("watcher");
    expect(await whyNotReady(services)).toEqual([]);
    clock.now = 45_000;
    expect(await whyNotReady(services)).toEqual(["the task sweep last worked 45 s ago"]);
    await services.db.close();
  });

  test("while its database answers", async () => {
    const services = await testServices();
    await services.db.close();
    const [reason, ...more] = await whyNotReady(services);
    expect(reason).toStartWith("the database fails: ");
    expect(more).toEqual([]);
  });
});
