/** The server on the real analysis and the compiled core: from an uploaded trace to the finding a person reads. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { compileCore } from "../../differ-wasm/compile.ts";
import { concatRecords } from "../../protocol/trace-codec.ts";
import { createAnalyser } from "../../server/analysis/analyse.ts";
import { listEvents } from "../../server/analysis/events.ts";
import { processTree } from "../../server/analysis/tree.ts";
import { completeResult, HOME, Story } from "./analysis/story.ts";
import { completeControl, leaseOne, startTestServer, type TestServer } from "./support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

async function runStory(server: TestServer, story: Story, version: string) {
  const lease = await leaseOne(server, "lodash", version);
  // Two segments, so that putting them together again is part of it.
  const half = story.records.length >> 1;
  for (const [seq, records] of [story.records.slice(0, half), story.records.slice(half)].entries()) {
    const compressed = new Uint8Array(Bun.zstdCompressSync(concatRecords(records)));
    await server.runner.putSegment(lease.run_id, lease.lease, seq, compressed);
  }
  const report = completeResult({ segments: 2, events: story.records.length });
  const run = await server.runner.putResult(lease.run_id, lease.lease, report);
  if (run.state !== "controlling") return run;
  const control = install();
  const trace = new Uint8Array(Bun.zstdCompressSync(concatRecords(control.records)));
  return completeControl(server, run, trace, completeResult({ events: control.records.length }));
}

function install(extra: (story: Story) => void = () => {}): Story {
  const story = new Story();
  story.exec(1, ["npm", "install"], { binary: "/usr/bin/node" });
  story.open(1, "/usr/lib/node_modules/npm/package.json");
  extra(story);
  story.open(1, `${HOME}/app/node_modules/lodash/package.json`);
  return story;
}

test("a release whose new script reads the npm token is deviant, with the script's process as the evidence, until somebody accepts it", async () => {
  const analyse = createAnalyser(await compileCore({ simd: true }));
  await using server = await startTestServer({ analyse, listEvents, processTree });

  expect(await runStory(server, install(), "1.0.0")).toMatchObject({ state: "done", verdict: "seeded" });
  expect(await runStory(server, install(), "1.1.0")).toMatchObject({ verdict: "clean", reason: null });

  const theft = () => install((story) => void story.open(story.script("lodash"), `${HOME}/.npmrc`));
  const run = await runStory(server, theft(), "1.1.0");
  expect(run).toMatchObject({ verdict: "deviant", max_severity: "critical" });

  const { deviations } = await server.admin.deviations({ run: run.id });
  const access = deviations.find((one) => one.category === "cred_new_access");
  expect(access).toMatchObject({ actor: "script:lodash", severity: "critical", state: "open" });
  expect(access?.evidence.observed).toContain(".npmrc");
  expect(access?.evidence.processes.at(-1)?.argv).toEqual(["sh", "-c", "node install.js"]);

  const { events } = await server.admin.events(run.id, { type: "open" });
  expect(events.some((event) => event.event === access?.evidence.event && event.actor === "script:lodash")).toBe(true);
  expect((await server.admin.tree(run.id)).processes.map((process) => process.actor)).toContain("script:lodash");

  expect((await server.admin.promoteRun(run.id, "we know")).promoted).toBe(deviations.length);
  expect((await runStory(server, theft(), "1.1.0")).verdict).toBe("clean");
});
