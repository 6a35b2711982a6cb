import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { putRunner } from "../../server/store/runners.ts";
import { insertRun } from "../../server/store/runs.ts";
import {
  completeRun,
  finishRun,
  leaseOne,
  registration,
  result,
  segment,
  startTestServer,
  testServices,
  type TestServer,
} from "./support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

/** The samples of an exposition: `name{labels}` and its value. */
async function samples(server: TestServer): Promise<Map<string, number>> {
  const answer = await fetch(`${server.url}/metrics`, { headers: { authorization: `Bearer ${server.tokens.admin}` } });
  expect([answer.status, answer.headers.get("content-type")]).toEqual([200, expect.stringContaining("text/plain")]);
  const lines = (await answer.text()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ")))]),
  );
}

test("docs/metrics.md lists every metric, and none that there is not", async () => {
  const services = await testServices();
  const { text } = await services.metrics.expose(services.db, services.now());
  await services.db.close();
  const exposed = [...text.matchAll(/^# HELP (\S+)/gm)].map(([, name]) => name!);
  const page = await Bun.file(join(import.meta.dir, "../../docs/metrics.md")).text();
  const table = page.split("\n").filter((line) => line.startsWith("| `"));
  const documented = table.flatMap((line) => [...line.split("|")[1]!.matchAll(/`(\w+)`/g)].map(([, name]) => name!));
  // The room on the disk is known only where there is a data directory.
  expect(documented.filter((name) => name !== "fangs_data_dir_free_bytes").toSorted()).toEqual(exposed.toSorted());
});

test("metrics need a token that may read", async () => {
  await using server = await startTestServer();
  expect((await fetch(`${server.url}/metrics`)).status).toBe(401);
  const headers = { authorization: `Bearer ${server.tokens.runner}` };
  expect((await fetch(`${server.url}/metrics`, { headers })).status).toBe(403);
});

describe("metrics tell", () => {
  test("what became of runs and of their events", async () => {
    await using server = await startTestServer();
    await completeRun(server, ["/a", "/b"]);
    await completeRun(server, ["/a", "/secret"]);
    await finishRun(server, await leaseOne(server), ["/a"], { status: "failed" });
    const lease = await leaseOne(server);
    await server.runner.putSegment(lease.run_id, lease.lease, 0, segment(["/a"]));
    const lossy = {
      ...result(1),
      status: "failed" as const,
      losses: [
        { record: "open", cause: "ringFull", count: 7 },
        { record: "open", cause: "made up\n", count: 1 },
      ],
      started_at: 1000,
      ended_at: 4000,
    };
    await server.runner.putResult(lease.run_id, lease.lease, lossy);
    // The same again counts nothing twice.
    await server.runner.putResult(lease.run_id, lease.lease, lossy);
    const found = await samples(server);
    expect({
      opened: found.get('fangs_events_received_total{type="open"}'),
      seeded: found.get('fangs_runs_total{verdict="seeded"}'),
      deviant: found.get('fangs_runs_total{verdict="deviant"}'),
      inconclusive: found.get('fangs_runs_total{verdict="inconclusive"}'),
      critical: found.get('fangs_deviations_total{category="fs_new_path_read",severity="critical"}'),
      ringFull: found.get('fangs_events_dropped_total{cause="ringFull"}'),
      other: found.get('fangs_events_dropped_total{cause="other"}'),
      seconds: found.get("fangs_run_duration_seconds_sum"),
      within5:
        (found.get('fangs_run_duration_seconds_bucket{le="5"}') ?? 0) -
        (found.get('fangs_run_duration_seconds_bucket{le="2"}') ?? 0),
    }).toEqual({
      opened: expect.any(Number),
      seeded: 1,
      deviant: 1,
      inconclusive: 2,
      critical: 1,
      ringFull: 7,
      other: 1,
      seconds: expect.closeTo(3 + 0.001 * ((found.get("fangs_run_duration_seconds_count") ?? 0) - 1), 3),
      within5: 1,
    });
    expect(found.get("fangs_analysis_duration_seconds_count")).toBeGreaterThanOrEqual(4);
  });

  test("what waits, since when, and who is there to do it", async () => {
    const services = await testServices();
    const { db, clock } = services;
    const expose = async () => (await services.metrics.expose(db, clock.now)).text;
    expect(await expose()).toContain("fangs_queue_age_seconds 0\n");
    await db.query
      .insertInto("scan")
      .values({ id: "s", package: "x", version: "1.0.0", runner: null, before: null, created_at: clock.now })
      .execute();
    for (const later of [0, 5000])
      await insertRun(db, { scan_id: "s", package: "x", version: "1.0.0", now: clock.now + later });
    await putRunner(db, registration, clock.now);
    clock.now += 60_000;
    await putRunner(db, { ...registration, name: "runner-2" }, clock.now);
    clock.now += 60_000;
    await putRunner(db, { ...registration, name: "runner-3", trouble: "Docker is gone." }, clock.now);
    const text = await expose();
    expect(text).toContain('fangs_queue_depth{state="queued"} 2\n');
    expect(text).toContain('fangs_queue_depth{state="running"} 0\n');
    expect(text).not.toContain('state="done"');
    expect(text).toContain("fangs_queue_age_seconds 120\n");
    expect(text).toContain('fangs_runners{state="live"} 1\n');
    expect(text).toContain('fangs_runners{state="silent"} 1\n');
    expect(text).toContain('fangs_runners{state="unable"} 1\n');
    await db.close();
  });

  test("what the process and the store take", async () => {
    await using server = await startTestServer();
    const found = await samples(server);
    const value = (name: string) => found.get(name) ?? Number.NaN;
    expect(value("process_resident_memory_bytes")).toBeWithin(1e7, 1e11);
    expect(value("process_cpu_seconds_total")).toBeWithin(0.001, 1e6);
    expect(value("process_open_fds")).toBeWithin(3, 1e6);
    expect(value("process_max_fds")).toBeGreaterThan(value("process_open_fds"));
    expect(Date.now() / 1000 - value("process_start_time_seconds")).toBeWithin(0, 100_000);
    expect(value('fangs_store_bytes{kind="database"}')).toBeWithin(4096, 1e9);
    expect(value('fangs_store_bytes{kind="free"}')).toBeWithin(0, 1e9);
    expect(value("fangs_data_dir_free_bytes")).toBeGreaterThan(0);
    expect((await samples(server)).get("process_cpu_seconds_total")).toBeGreaterThanOrEqual(
      value("process_cpu_seconds_total"),
    );
  });
});

describe("the time of requests", () => {
  let found: Map<string, number>;
  beforeAll(async () => {
    await using server = await startTestServer();
    const run = await completeRun(server, ["/a"]);
    for (let n = 0; n < 3; n++) await server.admin.run(run.id);
    for (let n = 0; n < 30; n++) await fetch(`${server.url}/v1/made/up/${n}?x=${n}`);
    for (let n = 0; n < 30; n++) await fetch(`${server.url}/v1/health`, { method: `MADE${n}` }).catch(() => undefined);
    await fetch(server.url, { headers: { host: "evil.example" } });
    found = await samples(server);
  });

  test("is told by the pattern of the route, not by the path", () => {
    expect(found.get('fangs_http_request_duration_seconds_count{method="GET",route="/v1/runs/:id",status="200"}')).toBe(
      3,
    );
  });

  test("has no series for what a stranger makes up", () => {
    const counts = [...found.keys()].filter((name) => name.startsWith("fangs_http_request_duration_seconds_count"));
    expect(counts.join("\n")).not.toMatch(/MADE|made|evil/);
    expect(found.get('fangs_http_request_duration_seconds_count{method="GET",route="none",status="404"}')).toBe(30);
    expect(found.get('fangs_http_request_duration_seconds_count{method="GET",route="none",status="421"}')).toBe(1);
  });
});
