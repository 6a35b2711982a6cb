import { describe, expect, test } from "bun:test";
import { VERSION } from "../../cli/manifest.ts";
import type { Severity } from "../../protocol/facts.ts";
import type { Run } from "../../protocol/models.ts";
import { aDeviation, aRun, aScan, fakeServer, type FakeServer, problem, run, RUN_ID, SCAN_ID } from "./support.ts";

const SUBMIT = ["scan", "submit", "-package", "left-pad", "-version", "1.3.1"];
const QUEUED = aRun({ state: "queued", verdict: null, runner: null, events: 0 });

/** A server whose scan goes through these states, one at each look, and then keeps the last. */
function scanServer(states: Run[], severity: Severity | null = null): FakeServer {
  let look = 0;
  return fakeServer({
    "POST /v1/scans": () => aScan(QUEUED),
    [`GET /v1/scans/${SCAN_ID}`]: () => aScan(states[Math.min(look++, states.length - 1)]!),
    "GET /v1/deviations": { deviations: severity === null ? [] : [aDeviation({ severity })], next: null },
  });
}

test("a scan is submitted as v1's runbooks spell it", async () => {
  await using server = scanServer([]);
  const { exit, out, err } = await run([...SUBMIT, "-runner", "host-b"], server.env);
  expect({ exit, out, err }).toEqual({
    exit: 0,
    out: `scan ${SCAN_ID} of left-pad 1.3.1\nrun ${RUN_ID}: queued\n`,
    err: "",
  });
  expect(server.requests).toEqual(['POST /v1/scans {"package":"left-pad","version":"1.3.1","runner":"host-b"}']);
});

test("without a version the server takes what latest names", async () => {
  await using server = scanServer([]);
  await run(["scan", "submit", "--package=left-pad"], server.env);
  expect(server.requests).toEqual(['POST /v1/scans {"package":"left-pad"}']);
});

test("watching tells each change on stderr and the verdict with its tree on stdout", async () => {
  const running = aRun({ state: "running", verdict: null, attempt: 2, events: 1204 });
  await using server = scanServer([QUEUED, running, aRun()], "high");
  const { exit, out, err } = await run([...SUBMIT, "--watch"], server.env);
  expect(exit).toBe(1);
  expect(err.split("\n")).toEqual([
    `run ${RUN_ID}: queued`,
    `run ${RUN_ID}: running, attempt 2, on host-a, 1,204 events`,
    `run ${RUN_ID}: done, on host-a, 1,204 events`,
    "",
  ]);
  expect(out).toMatchInlineSnapshot(`
    "left-pad 1.3.1: deviant, 1 deviation (1 open), the worst high

    script:left-pad
    └─ high     credential access: <HOME>/.npmrc
        by node worker.js (pid 42)
        /root/.npmrc · ok · install +1.234 s · 3 times · event 17 · in no other package
    "
  `);
  expect(server.requests.at(-1)).toBe(`GET /v1/deviations?run=${RUN_ID}&limit=500`);
});

describe("the exit code tells the verdict", () => {
  const cases: [name: string, change: Partial<Run>, severity: Severity | null, flags: string[], exit: number][] = [
    ["seeded", { verdict: "seeded" }, null, [], 0],
    ["clean", { verdict: "clean" }, null, [], 0],
    ["deviant, and low counts unless told otherwise", { verdict: "deviant" }, "low", [], 1],
    ["deviant at --fail-on", { verdict: "deviant" }, "high", ["--fail-on", "high"], 1],
    ["deviant above --fail-on", { verdict: "deviant" }, "critical", ["-fail-on=high"], 1],
    ["deviant below --fail-on", { verdict: "deviant" }, "medium", ["--fail-on", "high"], 0],
    ["inconclusive, whatever was found", { verdict: "inconclusive" }, "critical", [], 3],
    ["failed", { state: "failed", verdict: null, reason: "npm install ended with 1" }, null, [], 3],
    ["cancelled", { state: "cancelled", verdict: null }, null, [], 3],
  ];
  test.each(cases)("%s", async (_, change, severity, flags, exit) => {
    await using server = scanServer([aRun(change)], severity);
    expect((await run([...SUBMIT, "--watch", ...flags], server.env)).exit).toBe(exit);
  });
});

test("a run that has not ended at --timeout exits with 4 and says how to look again", async () => {
  await using server = scanServer([QUEUED]);
  const { exit, out, err } = await run([...SUBMIT, "--watch", "--timeout", "20ms"], server.env);
  expect({ exit, out }).toEqual({ exit: 4, out: "" });
  expect(err).toContain("left-pad 1.3.1 is still queued");
  expect(err).toContain(`\`fangs run show ${RUN_ID}\``);
});

test("a time limit that is none is refused before anything is submitted", async () => {
  await using server = scanServer([]);
  const { exit, err } = await run([...SUBMIT, "--watch", "--timeout", "soon"], server.env);
  expect(exit).toBe(2);
  expect(err).toContain('"soon" is not a length of time');
  expect(server.requests).toEqual([]);
});

test("--json is one object with the run and its deviations, also when watching", async () => {
  await using server = scanServer([aRun()], "high");
  const { exit, out } = await run([...SUBMIT, "--watch", "--json"], server.env);
  expect(exit).toBe(1);
  expect(JSON.parse(out)).toEqual({
    schema: "fangs.run/1",
    version: VERSION,
    run: aRun(),
    deviations: [aDeviation()],
  });
  expect(JSON.parse((await run([...SUBMIT, "--json"], server.env)).out)).toEqual({
    schema: "fangs.scan/1",
    version: VERSION,
    scan: aScan(QUEUED),
  });
});

test("a release that is not there is refused by the server's own words", async () => {
  await using server = fakeServer({
    "POST /v1/scans": () => problem(404, "version_not_found", "left-pad has no version 9.9.9.", "The latest is 1.3.1."),
  });
  expect(await run(SUBMIT, server.env)).toEqual({
    exit: 2,
    out: "",
    err: "fangs: left-pad has no version 9.9.9.\nhint: The latest is 1.3.1.\n",
  });
});
