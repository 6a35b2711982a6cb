import { expect, setDefaultTimeout, test } from "bun:test";
import { compileCore } from "../../../differ-wasm/compile.ts";
import { createAnalyser } from "../../../server/analysis/analyse.ts";
import { listEvents } from "../../../server/analysis/events.ts";
import { processTree } from "../../../server/analysis/tree.ts";
import { completeResult, installStory } from "../analysis/story.ts";
import { completeControl, leaseOne, startTestServer } from "../support.ts";
import { receiver, until } from "./receivers.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

test("a run that waits for its control run is told after it, and what the predecessor shows today, too, is not told", async () => {
  const analyse = createAnalyser(await compileCore({ simd: true }));
  await using hook = receiver();
  await using server = await startTestServer({ analyse, listEvents, processTree });
  const recorded = (...files: string[]) => {
    const story = installStory();
    for (const file of files) story.write(2, file);
    const trace = new Uint8Array(Bun.zstdCompressSync(story.segment()));
    return { trace, report: completeResult({ events: story.records.length }) };
  };
  const run = async (version: string, ...files: string[]) => {
    const lease = await leaseOne(server, "lodash", version);
    const { trace, report } = recorded(...files);
    await server.runner.putSegment(lease.run_id, lease.lease, 0, trace);
    return server.runner.putResult(lease.run_id, lease.lease, report);
  };
  const control = (waiting: Awaited<ReturnType<typeof run>>, ...files: string[]) => {
    const { trace, report } = recorded(...files);
    return completeControl(server, waiting, trace, report);
  };
  const told = async () => (await server.admin.notifications()).notifications;

  await server.admin.addNotifier({ name: "siem", ...hook.request });
  await run("1.0.0");
  const drifting = await run("1.1.0", "/tmp/new");
  expect(drifting.state).toBe("controlling");
  expect(await told()).toEqual([]);
  expect((await control(drifting, "/tmp/new")).verdict).toBe("clean");
  expect(await told()).toEqual([]);

  const deviant = await run("1.1.0", "/tmp/new", "/tmp/own");
  expect(await told()).toEqual([]);
  expect((await control(deviant, "/tmp/new")).verdict).toBe("deviant");
  await until(() => hook.received.length === 1, "the message");
  expect((await told()).map(({ run_id }) => run_id)).toEqual([deviant.id]);
  expect(JSON.parse(hook.received[0]!.body)).toMatchObject({
    deviation_count: 2,
    drift_count: 1,
    deviations: [
      { value: "/tmp/own", drift: false },
      { value: "/tmp/new", drift: true },
    ],
  });
});
