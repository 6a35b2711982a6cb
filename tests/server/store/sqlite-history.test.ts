/** What earlier releases of fangs left in their SQLite files. There was none that knew Postgres. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { getBaseline } from "../../../server/store/baselines.ts";
import { listFingerprints, reverse } from "../../../server/store/fingerprints.ts";
import { migrate } from "../../../server/store/migrate.ts";
import { SQLITE_MIGRATIONS } from "../../../server/store/migrations.ts";
import { openStore } from "../../../server/store/open.ts";
import { otherPackages } from "../../../server/store/population.ts";
import { sumTraces } from "../../../server/store/retention.ts";
import { getRun } from "../../../server/store/runs.ts";
import { listSegments, segmentNumbers } from "../../../server/store/traces.ts";
import { result, temporaryFolder } from "../support.ts";
import { aRun, FINGERPRINTS, knownValues } from "./analysed.ts";

const RUN = "0199a000-0000-7000-8000-000000000001";

test("a baseline that an earlier fangs made is kept, for the Node.js of the run that made it", async () => {
  using folder = temporaryFolder();
  const url = `sqlite:${join(folder.path, "fangs.db")}`;
  const old = openStore(url);
  await migrate(old, SQLITE_MIGRATIONS.slice(0, 1));
  await old.run("insert into package values ('lodash', 1)");
  await old.run("insert into scan values ('s', 'lodash', '1.0.0', null, 1)");
  await old.run(
    `insert into run (id, scan_id, package, version, state, verdict, attempt, events, deviations, result, created_at)
     values ($1, 's', 'lodash', '1.0.0', 'done', 'seeded', 1, 1, 0, $2, 1)`,
    [RUN, JSON.stringify({ ...result(1), node_version: "v20.11.1" })],
  );
  await old.run("insert into baseline_version values ('lodash', '1.0.0', $1, 1)", [RUN]);
  await old.run(
    "insert into baseline_entry values ('lodash', 'import', 'net_new_dns', 'a.example', '1.0.0', '1.0.0', $1, $1)",
    [RUN],
  );
  await old.close();

  const db = openStore(url);
  await migrate(db);
  expect(await getBaseline(db, "lodash")).toMatchObject({
    node_major: 20,
    versions: ["1.0.0"],
    entries: [{ value: "a.example", first_run: RUN }],
  });
  expect(await getRun(db, RUN)).toMatchObject({ decision: "accepted", kind: "scan" });
  expect(await db.rows("pragma foreign_key_check")).toEqual([]);
  await db.close();
});

test("what an earlier fangs stored of its runs is there after the migration, with its values from behind", async () => {
  using folder = temporaryFolder();
  const url = `sqlite:${join(folder.path, "fangs.db")}`;
  const old = openStore(url);
  await migrate(
    old,
    SQLITE_MIGRATIONS.filter(({ version }) => version < 70),
  );
  const ids = [await aRun(old, "lodash"), await aRun(old, "axios")];
  for (const id of ids) {
    for (const { actor, category, value, count, first } of FINGERPRINTS)
      await old.run("insert into fingerprint values ($1, $2, $3, $4, $5, $6)", [
        id,
        actor,
        category,
        value,
        count,
        first,
      ]);
  }
  await old.close();

  const db = openStore(url);
  await migrate(db);
  for (const id of ids) expect(await listFingerprints(db, id)).toEqual([...FINGERPRINTS]);
  const seen = await knownValues(db);
  expect(seen.map(({ value }) => value).sort()).toEqual(FINGERPRINTS.map(({ value }) => value).sort());
  for (const { value, reversed } of seen) expect(reversed).toBe(reverse(value));
  const [first] = FINGERPRINTS;
  expect(await otherPackages(db, [{ package: "lodash", category: first.category, value: first.value }])).toEqual([1]);
  expect(await db.rows("pragma foreign_key_check")).toEqual([]);
  await db.close();
});

test("the traces of an earlier fangs are there after the migration, with their sizes", async () => {
  using folder = temporaryFolder();
  const url = `sqlite:${join(folder.path, "fangs.db")}`;
  const old = openStore(url);
  await migrate(
    old,
    SQLITE_MIGRATIONS.filter(({ version }) => version < 72),
  );
  const id = await aRun(old, "lodash");
  const traces = [new Uint8Array([1, 2, 3]), new Uint8Array(300_000).fill(7)];
  for (const [seq, data] of traces.entries())
    await old.run("insert into trace_segment (run_id, seq, sha256, events, data) values ($1, $2, 'x', 5, $3)", [
      id,
      seq,
      data,
    ]);
  await old.close();

  const db = openStore(url);
  await migrate(db);
  expect((await listSegments(db, id)).map(({ data }) => data)).toEqual(traces);
  expect(await segmentNumbers(db, id)).toEqual({ numbers: [0, 1], events: 10, bytes: 300_003 });
  expect(await sumTraces(db)).toEqual({ runs: 1, bytes: 300_003 });
  expect(await db.rows("pragma foreign_key_check")).toEqual([]);
  await db.close();
});
