import { expect, test } from "bun:test";
import type { RunEvent } from "../../protocol/models.ts";
import type { Reanalysis } from "../../protocol/requests.ts";
import { aRun, fakeServer, problem, run, RUN_ID } from "./support.ts";

const reanalysis: Reanalysis = {
  run_id: RUN_ID,
  package: "left-pad",
  version: "1.3.1",
  before: { verdict: "deviant", reason: "One behaviour is new.", rules: 1 },
  after: { verdict: "clean", reason: null, rules: 2 },
  added: [],
  removed: [{ actor: "import", category: "fs_new_path_write", value: "/tmp/part-\u001b7", severity: "medium" }],
  stored: false,
};

test("run reanalyse shows the verdict before and after and what it takes away", async () => {
  await using server = fakeServer({ "POST /v1/runs/0199a/reanalyse": reanalysis });
  const { exit, out } = await run(["run", "reanalyse", "0199a", "--dry-run"], server.env);
  expect(server.requests).toEqual(['POST /v1/runs/0199a/reanalyse {"dry_run":true}']);
  expect([exit, `\n${out}`]).toMatchInlineSnapshot(`
    [
      0,
      
    "
    0199a000-0000-7000-8000-000000000001 left-pad 1.3.1: deviant → clean
      - medium new path written by import: /tmp/part-\\x1b7
    1 run of 1 would change
    "
    ,
    ]
  `);
});

test("run reanalyse --all takes the oldest first, leaves out control runs and passes over what cannot be judged", async () => {
  const ids = ["0199a000-0000-7000-8000-000000000001", "0199a000-0000-7000-8000-000000000002"] as const;
  await using server = fakeServer({
    "GET /v1/runs": {
      runs: [aRun({ id: ids[1] }), aRun({ id: ids[0], kind: "control" }), aRun({ id: ids[0] })],
      next: null,
    },
    [`POST /v1/runs/${ids[0]}/reanalyse`]: { ...reanalysis, after: reanalysis.before, removed: [] },
    [`POST /v1/runs/${ids[1]}/reanalyse`]: () => problem(409, "conflict", "Its trace is gone."),
  });
  const { exit, out, err } = await run(["run", "reanalyse", "--all"], server.env);
  expect([exit, out, err]).toEqual([0, "0 runs of 1 changed\n", "Its trace is gone.\n"]);
  expect(server.requests.slice(1)).toEqual(ids.map((id) => `POST /v1/runs/${id}/reanalyse {"dry_run":false}`));
});

test("run reanalyse wants one run or --all, and reports what one run's trouble is", async () => {
  await using server = fakeServer({
    "POST /v1/runs/0199a/reanalyse": () => problem(409, "conflict", "Its trace is gone."),
  });
  expect((await run(["run", "reanalyse"], server.env)).exit).toBe(2);
  expect((await run(["run", "reanalyse", "0199a", "--all"], server.env)).exit).toBe(2);
  expect(await run(["run", "reanalyse", "0199a"], server.env)).toMatchObject({
    exit: 2,
    err: "fangs: Its trace is gone.\n",
  });
});

test("run events --explain shows what each event was compared as, and by which rules", async () => {
  const event: RunEvent = {
    event: 17,
    time_ms: 1234.5,
    phase: "install",
    process: 5,
    actor: "import",
    type: "open",
    summary: "/tmp/part-7",
    result: "ok",
    facts: [
      { category: "fs_new_path_write", before: "/tmp/part-7", after: "/tmp/part-<N>", rules: ["parts"] },
      { category: "fs_new_path_read", before: "/etc/hosts", after: "/etc/hosts", rules: [] },
    ],
  };
  await using server = fakeServer({ "GET /v1/runs/0199a/events": { events: [event], next: null } });
  const { out } = await run(["run", "events", "0199a", "--explain"], server.env);
  expect(server.requests).toEqual(["GET /v1/runs/0199a/events?limit=200&explain=true"]);
  expect(out.split("\n").slice(2)).toEqual([
    "       fs_new_path_write: /tmp/part-7 → /tmp/part-<N> (parts)",
    "       fs_new_path_read: /etc/hosts",
    "",
  ]);
});
