import { describe, expect, test } from "bun:test";
import { VERSION } from "../../cli/manifest.ts";
import type { RunEvent } from "../../protocol/models.ts";
import { aDeviation, aProcess, aRun, aRunDetail, fakeServer, problem, run, RUN_ID } from "./support.ts";

describe("run list", () => {
  test("is a table, the newest first", async () => {
    await using server = fakeServer({
      "GET /v1/runs": {
        runs: [
          aRun(),
          aRun({ package: "@scope/x", verdict: null, max_severity: null, state: "running", deviations: 0 }),
        ],
        next: null,
      },
    });
    const { exit, out, err } = await run(["run", "list"], server.env);
    expect({ exit, err }).toEqual({ exit: 0, err: "" });
    expect(out).toMatchInlineSnapshot(`
      "RUN                                   PACKAGE   VERSION  KIND  STATE    VERDICT  WORST  DEVIATIONS  OPEN  EVENTS  CREATED
      0199a000-0000-7000-8000-000000000001  left-pad  1.3.1    scan  done     deviant  high            1     1   1,204  2025-06-15 15:06:40Z
      0199a000-0000-7000-8000-000000000001  @scope/x  1.3.1    scan  running  -        -               0     1   1,204  2025-06-15 15:06:40Z
      "
    `);
  });

  test("asks for what its flags say; a repeated flag means either", async () => {
    await using server = fakeServer({
      "GET /v1/runs": (request: Request) => {
        const failed = new URL(request.url).searchParams.get("state") === "failed";
        const state = failed ? "failed" : "done";
        return { runs: [aRun({ state, created_at: failed ? 2 : 1 })], next: null };
      },
    });
    const words = [
      "-package",
      "left-pad",
      "--state",
      "done",
      "--state",
      "failed",
      "--verdict",
      "deviant",
      "--limit",
      "9",
    ];
    const { out } = await run(["run", "list", ...words, "--json"], server.env);
    expect(server.requests.toSorted()).toEqual([
      "GET /v1/runs?package=left-pad&state=done&verdict=deviant&limit=9",
      "GET /v1/runs?package=left-pad&state=failed&verdict=deviant&limit=9",
    ]);
    expect(JSON.parse(out).runs.map((found: { state: string }) => found.state)).toEqual(["failed", "done"]);
  });

  test("fetches page after page up to its limit and says that there are more", async () => {
    let page = 0;
    await using server = fakeServer({
      "GET /v1/runs": () => ({ runs: Array(500).fill(aRun()), next: `cursor-${++page}` }),
    });
    const { out, err } = await run(["run", "list", "--limit", "700"], server.env);
    expect(server.requests).toEqual(["GET /v1/runs?limit=500", "GET /v1/runs?limit=200&before=cursor-1"]);
    expect(out.trimEnd().split("\n")).toHaveLength(701);
    expect(err).toBe("There are more: raise --limit.\n");
  });

  test("without runs prints nothing on stdout, and JSON an empty list", async () => {
    await using server = fakeServer({ "GET /v1/runs": { runs: [], next: null } });
    expect(await run(["run", "list"], server.env)).toEqual({ exit: 0, out: "", err: "No runs.\n" });
    expect(JSON.parse((await run(["run", "list", "--json"], server.env)).out)).toEqual({
      schema: "fangs.runs/1",
      version: VERSION,
      runs: [],
      more: false,
    });
  });

  test("a hostile name breaks neither line nor terminal", async () => {
    await using server = fakeServer({
      "GET /v1/runs": { runs: [aRun({ package: "evil\x1b[2J\nroot", runner: "\u202e" })], next: null },
    });
    const { out } = await run(["run", "list"], server.env);
    expect(out).toContain("evil\\x1b[2J\\x0aroot");
    expect(out.split("\n")).toHaveLength(3);
    const { out: json } = await run(["run", "list", "--json"], server.env);
    expect(json.trimEnd()).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(JSON.parse(json).runs[0].package).toBe("evil\x1b[2J\nroot");
  });

  test("colours are for terminals alone", async () => {
    await using server = fakeServer({ "GET /v1/runs": { runs: [aRun()], next: null } });
    expect((await run(["run", "list"], server.env)).out).not.toContain("\x1b");
    const colors = { out: true, err: true };
    expect((await run(["run", "list"], server.env, { colors })).out).toContain("\x1b[31mdeviant\x1b[0m");
  });
});

describe("run show", () => {
  test("prints the verdict, the tree, and how the run went", async () => {
    await using server = fakeServer({
      "GET /v1/runs/0199a": aRunDetail({ reason: "One deviation is new." }),
      "GET /v1/deviations": { deviations: [aDeviation()], next: null },
    });
    const { exit, out } = await run(["run", "show", "0199a"], server.env);
    expect(exit).toBe(0);
    expect(out).toMatchInlineSnapshot(`
      "left-pad 1.3.1: deviant, 1 deviation (1 open), the worst high
      One deviation is new.

      script:left-pad
      └─ high     credential access: <HOME>/.npmrc
          by node worker.js (pid 42)
          /root/.npmrc · ok · install +1.234 s · 3 times · event 17 · in no other package

      run       0199a000-0000-7000-8000-000000000001
      scan      0199c000-0000-7000-8000-000000000005
      kind      scan
      state     done
      decision  -
      attempt   1
      runner    host-a
      events    1,204
      trace     1.2 KB in 1 segment
      created   2025-06-15 15:06:40Z
      started   2025-06-15 15:06:41Z
      ended     2025-06-15 15:07:40Z
      rules     2
      release   -
      image     fangs-sandbox:test
      node      v24.1.0
      npm       11.3.0
      network   registry

      PHASE    COMMAND      END          TIME
      install  npm install  exit 0      4.2 s
      import   require      timed out  30.0 s
      lost: 1,204 open records (ringFull)
      "
    `);
    expect(server.requests).toEqual(["GET /v1/runs/0199a", `GET /v1/deviations?run=${RUN_ID}&limit=500`]);
  });

  test("of a run that has not ended has no result", async () => {
    const detail = aRunDetail({ state: "queued", verdict: null, result: null, started_at: null, ended_at: null });
    await using server = fakeServer({
      "GET /v1/runs/0199a": detail,
      "GET /v1/deviations": { deviations: [], next: null },
    });
    expect((await run(["run", "show", "0199a"], server.env)).out).toStartWith("left-pad 1.3.1: queued\n\n");
    expect(JSON.parse((await run(["run", "show", "0199a", "--json"], server.env)).out)).toEqual({
      schema: "fangs.run/1",
      version: VERSION,
      run: detail,
      deviations: [],
    });
  });

  test("with a prefix that fits more than one exits with 2", async () => {
    await using server = fakeServer({ "GET /v1/runs/0": () => problem(400, "ambiguous_id", "0 fits 12 runs.") });
    expect(await run(["run", "show", "0"], server.env)).toEqual({ exit: 2, out: "", err: "fangs: 0 fits 12 runs.\n" });
  });
});

describe("run events", () => {
  const event: RunEvent = {
    event: 17,
    time_ms: 1234.5,
    phase: "install",
    process: 5,
    actor: "script:left-pad",
    type: "open",
    summary: "/root/.npmrc\x07",
    result: "ok",
  };

  test("is a table in the order of the trace", async () => {
    await using server = fakeServer({ "GET /v1/runs/0199a/events": { events: [event], next: null } });
    const words = ["-type", "open", "--process", "5", "--limit", "10"];
    const { out } = await run(["run", "events", "0199a", ...words], server.env);
    expect(server.requests).toEqual(["GET /v1/runs/0199a/events?limit=10&type=open&process=5"]);
    expect(out).toMatchInlineSnapshot(`
      "EVENT  SECONDS  PHASE    PROCESS  ACTOR            TYPE  RESULT  WHAT
         17    1.234  install        5  script:left-pad  open  ok      /root/.npmrc\\x07
      "
    `);
  });

  test("pages by the last event", async () => {
    let asked = 0;
    await using server = fakeServer({
      "GET /v1/runs/0199a/events": () => ({ events: [event], next: asked++ === 0 ? 17 : null }),
    });
    const { out } = await run(["run", "events", "0199a", "--json"], server.env);
    expect(server.requests[1]).toContain("after=17");
    expect(JSON.parse(out)).toMatchObject({ schema: "fangs.events/1", events: [event, event], more: false });
  });

  test("there are none", async () => {
    await using server = fakeServer({ "GET /v1/runs/0199a/events": { events: [], next: null } });
    expect(await run(["run", "events", "0199a"], server.env)).toEqual({ exit: 0, out: "", err: "No events.\n" });
  });
});

test("run tree prints the processes, or them as JSON", async () => {
  const processes = [aProcess({ process: 1, parent: null }), aProcess({ process: 2, parent: 1 })];
  await using server = fakeServer({ "GET /v1/runs/0199a/tree": { processes } });
  expect((await run(["run", "tree", "0199a"], server.env)).out.split("\n")[1]).toStartWith(
    "└─ node step-2.js (pid 102)",
  );
  expect(JSON.parse((await run(["run", "tree", "0199a", "--json"], server.env)).out)).toEqual({
    schema: "fangs.tree/1",
    version: VERSION,
    processes,
  });
});

test("run fail and run retry say what became of the run", async () => {
  await using server = fakeServer({
    "POST /v1/runs/0199a/fail": aRun({ state: "failed" }),
    "POST /v1/runs/0199a/retry": aRun({ state: "queued" }),
  });
  const failed = await run(["run", "fail", "0199a", "--reason", "it hangs"], server.env);
  expect(failed.out).toBe(`run ${RUN_ID} of left-pad 1.3.1 is failed\n`);
  const retried = await run(["run", "retry", "0199a", "--json"], server.env);
  expect(JSON.parse(retried.out)).toMatchObject({ schema: "fangs.run/1", run: { state: "queued" } });
  expect(server.requests).toEqual(['POST /v1/runs/0199a/fail {"reason":"it hangs"}', "POST /v1/runs/0199a/retry"]);
});
