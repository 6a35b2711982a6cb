import { expect, test } from "bun:test";
import { deleteFingerprints, insertFingerprints, listFingerprints } from "../../../server/store/fingerprints.ts";
import { newStore, planOf } from "../../stores/stores.ts";
import { aRun, FINGERPRINTS, knownValues } from "./analysed.ts";

test("a value that many runs show is stored once, and stays when a run's fingerprints are made anew", async () => {
  const db = await newStore();
  const run = { id: await aRun(db, "lodash"), package: "lodash", version: "1.0.0", node_major: 24 };
  const other = { id: await aRun(db, "lodash"), package: "lodash", version: "1.0.0", node_major: 24 };
  await insertFingerprints(db, run, FINGERPRINTS, 7);
  await insertFingerprints(db, other, FINGERPRINTS, 7);
  expect(await knownValues(db)).toHaveLength(FINGERPRINTS.length);
  await deleteFingerprints(db, run.id);
  expect(await listFingerprints(db, run.id)).toEqual([]);
  await insertFingerprints(db, run, FINGERPRINTS.slice(1), 8);
  expect(await listFingerprints(db, run.id)).toEqual(FINGERPRINTS.slice(1));
  expect(await listFingerprints(db, other.id)).toEqual([...FINGERPRINTS]);
  expect(await knownValues(db)).toHaveLength(FINGERPRINTS.length);
});

test("a run that shows known values and a new one has each of them once", async () => {
  const db = await newStore();
  const news = { actor: "bin:x", category: "fs_new_path_read", value: "/new", count: 1, first: 11 } as const;
  const runs = [];
  for (const version of ["1.0.0", "1.1.0", "1.2.0"])
    runs.push({ id: await aRun(db, "lodash"), package: "lodash", version, node_major: 24 });
  await insertFingerprints(db, runs[0]!, FINGERPRINTS, 7);
  await insertFingerprints(db, runs[1]!, [...FINGERPRINTS, news], 7);
  await insertFingerprints(db, runs[2]!, [], 7);
  expect(await listFingerprints(db, runs[1]!.id)).toEqual([...FINGERPRINTS, news]);
  expect(await listFingerprints(db, runs[2]!.id)).toEqual([]);
  expect(await db.rows("select runs, count(*) as behaviours from behaviour group by runs order by runs")).toEqual([
    { runs: 1, behaviours: 1 },
    { runs: 2, behaviours: 2 },
  ]);
  expect(await knownValues(db)).toHaveLength(3);
});

test("who shows a value keeps count when runs go, and when one is analysed anew", async () => {
  const db = await newStore();
  const runs = [];
  for (let i = 0; i < 3; i++)
    runs.push({ id: await aRun(db, "lodash"), package: "lodash", version: `1.${i}.0`, node_major: 24 });
  const stranger = { id: await aRun(db, "chalk"), package: "chalk", version: "5.0.0", node_major: 24 };
  for (const run of [...runs, stranger]) await insertFingerprints(db, run, FINGERPRINTS, 7);
  const shown = () =>
    db.rows(
      `select k.name, b.runs, first.run_id as first, last.run_id as last from behaviour b
       join known_name k on k.id = b.package join run_number first on first.number = b.first_run
       join run_number last on last.number = b.last_run group by k.name, b.runs, first.run_id, last.run_id order by k.name`,
    );
  const [first, second, third] = runs.map(({ id }) => id);
  const alone = { name: "chalk", runs: 1, first: stranger.id, last: stranger.id };
  expect(await shown()).toEqual([alone, { name: "lodash", runs: 3, first, last: third }]);

  await deleteFingerprints(db, first!);
  expect(await shown()).toEqual([alone, { name: "lodash", runs: 2, first: second, last: third }]);
  await insertFingerprints(db, runs[0]!, FINGERPRINTS, 8);
  expect(await shown()).toEqual([alone, { name: "lodash", runs: 3, first, last: third }]);
  await deleteFingerprints(db, third!);
  expect(await shown()).toEqual([alone, { name: "lodash", runs: 2, first, last: second }]);
  await deleteFingerprints(db, first!);
  await deleteFingerprints(db, second!);
  expect(await shown()).toEqual([alone]);
});

test("a run's fingerprints and a value's packages are found by index, also before anything was analysed", async () => {
  const db = await newStore();
  const byRun = await planOf(db, "select * from fingerprint where run_id = 'x'");
  const byValue = await planOf(
    db,
    "select package from behaviour where value = (select id from known_value where category = 'c' and value = 'v')",
  );
  for (const step of [...byRun, ...byValue]) expect(step).not.toMatch(/^SCAN|Seq Scan/);
});
