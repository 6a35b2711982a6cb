import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { createScenario } from "../stores/scenario.ts";
import { emptyDatabase, migratedDatabase } from "../stores/postgres.ts";
import { startBucket } from "../stores/bucket.ts";
import { completeRun, startTestServer, temporaryFolder } from "../server/support.ts";
import { openStore } from "../../server/store/open.ts";
import { migrate } from "../../server/store/migrate.ts";
import { tableNames } from "../../server/store/migration-status.ts";
import { run } from "./support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

/** Every row of every table, but for when migrations were applied. */
async function contents(url: string): Promise<Record<string, string[]>> {
  const db = openStore(url);
  const all: Record<string, string[]> = {};
  for (const name of await tableNames(db)) {
    if (name === "migration") continue;
    const rows = await db.rows<Record<string, unknown>>(`select * from ${name}`);
    all[name] = rows.map((row) => JSON.stringify(Object.entries(row).map(plain).sort())).sort();
  }
  await db.close();
  return all;
}

function plain([column, value]: [string, unknown]): [string, unknown] {
  return [column, value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value];
}

describe("fangs migrate", () => {
  test("status says what is applied and what is not, and changes nothing", async () => {
    await using database = await emptyDatabase();
    const before = await run(["migrate", "status", "--store", database.url, "--json"]);
    expect(before.exit).toBe(0);
    const states = (out: string) =>
      new Set((JSON.parse(out) as { migrations: { state: string }[] }).migrations.map(({ state }) => state));
    expect(states(before.out)).toEqual(new Set(["pending"]));
    const db = openStore(database.url);
    expect(await tableNames(db)).toEqual([]);
    await migrate(db);
    await db.close();
    const after = await run(["migrate", "status", "--store", database.url, "--json"]);
    expect(states(after.out)).toEqual(new Set(["applied"]));
    expect((await run(["migrate", "status", "--store", database.url])).out).toContain("0002    triage");
  });

  test("copy brings every row over, once, and the copy goes on from there", async () => {
    using folder = temporaryFolder();
    const from = await createScenario(folder.path);
    await using database = await emptyDatabase();
    const args = ["migrate", "copy", "--from", from, "--to", database.url];
    const copied = await run([...args, "--json"]);
    expect(copied.err).toContain("trace_segment: 4 rows");
    const { rows, tables } = JSON.parse(copied.out) as { rows: number; tables: { name: string; rows: number }[] };
    expect(tables.reduce((sum, table) => sum + table.rows, 0)).toBe(rows);
    const [source, target] = [await contents(from), await contents(database.url)];
    expect(target).toEqual(source);
    expect(source["sighting"]!.length).toBeGreaterThan(0);

    const again = await run(args);
    expect([again.exit, again.err]).toEqual([2, expect.stringContaining("The target is not empty")]);
    const db = openStore(database.url);
    const [number] = await db.numbersOf("known_name", [["new"]]);
    const { last } = (await db.rows<{ last: number }>("select max(id) as last from known_name"))[0]!;
    expect(last).toBe(number!);
    await db.close();
  });

  test("copy leaves what lies in a bucket there, and the copy reads it", async () => {
    using folder = temporaryFolder();
    await using bucket = await startBucket();
    const from = `sqlite:${join(folder.path, "fangs.db")}`;
    const before = await startTestServer({ dataDir: folder.path, store: from, traces: bucket.options });
    const made = await completeRun(before, ["/a", "/b"]);
    await before[Symbol.asyncDispose]();
    const backup = join(folder.path, "backup.db");
    expect((await run(["backup", backup, "--store", from])).exit).toBe(0);
    await using database = await emptyDatabase();
    expect((await run(["migrate", "copy", "--from", from, "--to", database.url])).exit).toBe(0);
    for (const store of [database.url, `sqlite:${backup}`]) {
      await using server = await startTestServer({ store, traces: bucket.options });
      expect((await server.admin.events(made.id)).events.map(({ summary }) => summary)).toEqual(["/a", "/b"]);
    }
  });

  test("copy refuses a source that is none, and what is not from SQLite to Postgres", async () => {
    using folder = temporaryFolder();
    await using database = await migratedDatabase();
    const missing = `sqlite:${join(folder.path, "no.db")}`;
    expect((await run(["migrate", "copy", "--from", missing, "--to", database.url])).err).toContain("no database");
    expect(existsSync(join(folder.path, "no.db"))).toBe(false);
    const back = await run(["migrate", "copy", "--from", database.url, "--to", database.url]);
    expect([back.exit, back.err]).toEqual([2, expect.stringContaining("cannot be copied from postgres to postgres")]);
    expect((await run(["migrate", "copy"])).exit).toBe(2);
  });
});

describe("fangs backup", () => {
  test("writes an SQLite file that is the same, while the store is in use, for its owner only", async () => {
    using folder = temporaryFolder();
    const store = await createScenario(folder.path);
    const file = join(folder.path, "copy.db");
    const user = openStore(store);
    const backup = await run(["backup", file, "--store", store, "--json"]);
    await user.close();
    expect(JSON.parse(backup.out)).toMatchObject({ file, kind: "sqlite", bytes: statSync(file).size });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await contents(`sqlite:${file}`)).toEqual(await contents(store));
    expect((await run(["backup", file, "--store", store])).exit).toBe(2);
    expect(statSync(file).size).toBeGreaterThan(0);
  });

  test("writes an archive of a Postgres, out of which pg_restore makes the same database", async () => {
    using folder = temporaryFolder();
    await using source = await emptyDatabase();
    await using target = await emptyDatabase();
    const store = await createScenario(folder.path);
    expect((await run(["migrate", "copy", "--from", store, "--to", source.url])).exit).toBe(0);
    const file = join(folder.path, "copy.dump");
    expect((await run(["backup", file, "--store", source.url])).err).toBe("");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const restored = Bun.spawnSync(["pg_restore", "--no-owner", "--exit-on-error", "--dbname", target.url, file]);
    expect(restored.stderr.toString()).toBe("");
    expect(await contents(target.url)).toEqual(await contents(source.url));
  });

  test("leaves no file behind where it fails", async () => {
    using folder = temporaryFolder();
    const file = join(folder.path, "copy.dump");
    const failed = await run(["backup", file, "--store", "postgres://fangs:secret@127.0.0.1:1/none"]);
    expect(failed.exit).not.toBe(0);
    expect(failed.err).not.toContain("secret");
    expect(existsSync(file)).toBe(false);
    rmSync(file, { force: true });
  });
});
