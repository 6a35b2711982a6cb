import { expect, test } from "bun:test";
import { join } from "node:path";
import {
  deleteFingerprints,
  insertFingerprints,
  listFingerprints,
  reverse,
} from "../../../server/store/fingerprints.ts";
import { migrate } from "../../../server/store/migrate.ts";
import { SQLITE_MIGRATIONS } from "../../../server/store/migrations.ts";
import { type Database, openStore } from "../../../server/store/open.ts";
import { otherPackages } from "../../../server/store/population.ts";
import { insertRun } from "../../../server/store/runs.ts";
import { insertScan } from "../../../server/store/scans.ts";
import { temporaryFolder } from "../support.ts";

const FINGERPRINTS = [
  { actor: "import", category: "net_new_dns", value: "a.evil.example", count: 2, first: 3 },
  { actor: "script:ü", category: "fs_new_path_read", value: "<HOME>/naïve-🦊", count: 1, first: 9 },
] as const;

async function aRun(db: Database, name: string): Promise<string> {
  const scan = await insertScan(db, { package: name, version: "1.0.0", runner: null, before: null, created_at: 5 });
  return insertRun(db, { scan_id: scan.id, package: name, version: "1.0.0", now: 5 });
}

async function values(db: Database) {
  return db.query.selectFrom("known_value").select(["value", "reversed"]).orderBy("id").execute();
}

test("what an earlier fangs stored of its runs is there after the migration, with its values from behind", async () => {
  using folder = temporaryFolder();
  const url = `sqlite:${join(folder.path, "fangs.db")}`;
  const old = openStore(url);
  await migrate(
    old,
    SQLITE_MIGRATIONS.filter(({ version }) => version < 30),
  );
  const ids = [await aRun(old, "lodash"), await aRun(old, "axios")];
  await old.hot((raw) => {
    const insert = raw.query("insert into fingerprint values (?, ?, ?, ?, ?, ?)");
    for (const id of ids) {
      for (const { actor, category, value, count, first } of FINGERPRINTS)
        insert.run(id, actor, category, value, count, first);
    }
  });
  await old.close();

  const db = openStore(url);
  await migrate(db);
  for (const id of ids) expect(await listFingerprints(db, id)).toEqual([...FINGERPRINTS]);
  const seen = await values(db);
  expect(seen.map(({ value }) => value).sort()).toEqual(FINGERPRINTS.map(({ value }) => value).sort());
  for (const { value, reversed } of seen) expect(reversed).toBe(reverse(value));
  const [first] = FINGERPRINTS;
  expect(await otherPackages(db, [{ package: "lodash", category: first.category, value: first.value }])).toEqual([1]);
  expect(await db.hot((raw) => raw.query("pragma foreign_key_check").all())).toEqual([]);
  await db.close();
});

test("a value that many runs show is stored once, and stays when a run's fingerprints are made anew", async () => {
  const db = openStore("sqlite::memory:");
  await migrate(db);
  const run = { id: await aRun(db, "lodash"), package: "lodash" };
  const other = { id: await aRun(db, "lodash"), package: "lodash" };
  await insertFingerprints(db, run, FINGERPRINTS, 7);
  await insertFingerprints(db, other, FINGERPRINTS, 7);
  expect(await values(db)).toHaveLength(FINGERPRINTS.length);
  await deleteFingerprints(db, run.id);
  expect(await listFingerprints(db, run.id)).toEqual([]);
  await insertFingerprints(db, run, FINGERPRINTS.slice(1), 8);
  expect(await listFingerprints(db, run.id)).toEqual(FINGERPRINTS.slice(1));
  expect(await listFingerprints(db, other.id)).toEqual([...FINGERPRINTS]);
  expect(await values(db)).toHaveLength(FINGERPRINTS.length);
  await db.close();
});

test("a run's fingerprints and a value's runs are found by index, also before anything was analysed", async () => {
  const db = openStore("sqlite::memory:");
  await migrate(db);
  const plan = (sql: string) =>
    db.hot((raw) =>
      raw
        .query<{ detail: string }, []>(`explain query plan ${sql}`)
        .all()
        .map(({ detail }) => detail),
    );
  const byRun = await plan("select * from fingerprint where run_id = 'x'");
  const byValue = await plan(
    "select run.package from fingerprint join run on run.id = run_id where category = 'c' and value = 'v'",
  );
  for (const step of [...byRun, ...byValue]) expect(step).toStartWith("SEARCH");
  await db.close();
});
