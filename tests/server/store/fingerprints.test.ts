import { expect, test } from "bun:test";
import { deleteFingerprints, insertFingerprints, listFingerprints } from "../../../server/store/fingerprints.ts";
import { newStore, planOf } from "../../stores/stores.ts";
import { aRun, FINGERPRINTS, knownValues } from "./analysed.ts";

test("a value that many runs show is stored once, and stays when a run's fingerprints are made anew", async () => {
  const db = await newStore();
  const run = { id: await aRun(db, "lodash"), package: "lodash", version: "1.0.0" };
  const other = { id: await aRun(db, "lodash"), package: "lodash", version: "1.0.0" };
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

test("a run's fingerprints and a value's runs are found by index, also before anything was analysed", async () => {
  const db = await newStore();
  const byRun = await planOf(db, "select * from fingerprint where run_id = 'x'");
  const byValue = await planOf(
    db,
    "select run.package from fingerprint join run on run.id = run_id where category = 'c' and value = 'v'",
  );
  for (const step of [...byRun, ...byValue]) expect(step).not.toMatch(/^SCAN|Seq Scan/);
});
