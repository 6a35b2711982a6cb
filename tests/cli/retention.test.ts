import { expect, test } from "bun:test";
import type { Retention } from "../../protocol/retention.ts";
import { aRunDetail, fakeServer, run } from "./support.ts";

const retention: Retention = {
  days: 90,
  max_bytes: 50_000_000_000,
  place: "bucket",
  stored: { runs: 1_234_567, bytes: 51_234_567_890 },
  due: { runs: 1, bytes: 999 },
  last: { ended_at: 1_750_000_000_000, runs: 20, bytes: 480_000 },
};

test("fangs retention status shows what is kept, what is due and what went", async () => {
  await using server = fakeServer({ "GET /v1/retention": retention });
  const { out, exit } = await run(["retention", "status"], server.env);
  expect(exit).toBe(0);
  expect(`\n${out}`).toMatchInlineSnapshot(`
    "
    kept for      90 days
    kept at most  50.0 GB
    kept in       the bucket
    stored        51.2 GB of 1,234,567 runs
    due           999 bytes of 1 run
    last sweep    2025-06-15 15:06:40Z, took 480.0 KB of 20 runs
    "
  `);
  const json: unknown = JSON.parse((await run(["retention", "status", "--json"], server.env)).out);
  expect(json).toMatchObject({ schema: "fangs.retention/1", retention });
});

test("no limits and no sweep yet are said in words", async () => {
  await using server = fakeServer({
    "GET /v1/retention": { ...retention, days: 0, max_bytes: 0, place: "database", last: null },
  });
  const { out } = await run(["retention", "status"], server.env);
  for (const words of ["without end", "any number of bytes", "the database", "none yet"]) expect(out).toContain(words);
});

test("fangs run show says of a trace that retention took that it did", async () => {
  const detail = aRunDetail({ trace_bytes: 0, trace_pruned_at: 1_750_000_000_000 });
  await using server = fakeServer({
    [`GET /v1/runs/${detail.id}`]: detail,
    "GET /v1/deviations": { deviations: [], next: null },
  });
  const { out } = await run(["run", "show", detail.id], server.env);
  expect(out).toContain("taken away by retention on 2025-06-15 15:06:40Z");
});
