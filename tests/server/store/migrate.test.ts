import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { migrate, pendingMigrations } from "../../../server/store/migrate.ts";
import { type Migration, migration, POSTGRES_MIGRATIONS, SQLITE_MIGRATIONS } from "../../../server/store/migrations.ts";
import { type Database, openStore } from "../../../server/store/open.ts";
import { emptyDatabase, emptyStore, migratedOn, newStore, tablesOf } from "../../stores/stores.ts";
import { codeOf, temporaryFolder } from "../support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

const later = (db: Database, text: string): Migration[] => [...db.traits.migrations, migration("0900_later.sql", text)];

test("every migration has a twin for the other database, and they break older binaries alike", () => {
  const shape = ({ version, name, breaking }: Migration) => [version, name, breaking];
  expect(POSTGRES_MIGRATIONS.map(shape)).toEqual(SQLITE_MIGRATIONS.map(shape));
});

test("both databases have the same tables and columns", async () => {
  const tables: (readonly string[])[] = [];
  for (const name of ["sqlite", "postgres"] as const) {
    await using database = await migratedOn(name);
    const db = openStore(database.url);
    await migrate(db);
    tables.push(await tablesOf(db));
    await db.close();
  }
  expect(tables[1]).toEqual(tables[0]!);
});

describe("migrations", () => {
  test("are applied once, in order", async () => {
    const db = await emptyStore();
    expect(await migrate(db)).toEqual(db.traits.migrations.map((one) => one.name));
    expect(await migrate(db)).toEqual([]);
    expect(await migrate(db, later(db, "create table later (x bigint)"))).toEqual(["later"]);
  });

  test("lead from the first schema to the same tables as from none", async () => {
    const fresh = await emptyStore();
    await migrate(fresh);
    const old = await emptyStore();
    await migrate(old, old.traits.migrations.slice(0, 1));
    expect(await migrate(old)).toEqual(old.traits.migrations.slice(1).map((one) => one.name));
    const tables = await tablesOf(old);
    expect(tables).toEqual(await tablesOf(fresh));
    expect(JSON.stringify(tables)).toContain("control_of");
  });

  test("20 processes at once apply each exactly once", async () => {
    using folder = temporaryFolder();
    await using database = await emptyDatabase(folder.path);
    const source = `
      import { openStore } from ${JSON.stringify(join(import.meta.dir, "../../../server/store/open.ts"))};
      import { migrate } from ${JSON.stringify(join(import.meta.dir, "../../../server/store/migrate.ts"))};
      const db = openStore(${JSON.stringify(database.url)});
      console.log(JSON.stringify(await migrate(db)));
      await db.close();`;
    const processes = Array.from({ length: 20 }, () =>
      Bun.spawn([process.execPath, "-e", source], { stdout: "pipe", stderr: "pipe" }),
    );
    const outputs = await Promise.all(processes.map((child) => new Response(child.stdout).text()));
    const errors = await Promise.all(processes.map((child) => new Response(child.stderr).text()));
    expect(errors.join("")).toBe("");
    const applied = outputs.flatMap((text) => JSON.parse(text) as string[]);
    const db = openStore(database.url);
    expect(applied.sort()).toEqual(db.traits.migrations.map((one) => one.name).sort());
    await db.close();
  });

  test("of a newer fangs stop an older one when they are breaking, and only then", async () => {
    const db = await emptyStore();
    await migrate(db, later(db, "create table later (x bigint)"));
    expect(await migrate(db)).toEqual([]);
    expect(await pendingMigrations(db)).toBe(0);

    const broken = await emptyStore();
    await migrate(broken, later(broken, "-- breaking\ndrop table audit"));
    expect(await codeOf(migrate(broken))).toBe("schema_too_new");
  });

  test("whose text was altered after they were applied are refused", async () => {
    const db = await emptyStore();
    await migrate(db, later(db, "create table later (x bigint)"));
    expect(await codeOf(migrate(db, later(db, "create table later (y bigint)")))).toBe("database");
  });

  test("that fail half-way leave nothing behind", async () => {
    const db = await emptyStore();
    expect(
      await codeOf(migrate(db, later(db, "create table later (x bigint); create table later (x bigint);"))),
    ).toContain("already exists");
    expect(await pendingMigrations(db, later(db, "create table later (x bigint)"))).toBe(1);
    expect(await migrate(db, later(db, "create table later (x bigint)"))).toEqual(["later"]);
  });
});

describe("a transaction", () => {
  test("takes everything back when its work throws, and nothing slips in between", async () => {
    const db = await newStore();
    const insert = (into: typeof db, name: string) =>
      into.query.insertInto("package").values({ name, created_at: 1, severities: "{}", seeding: 0 }).execute();
    const open = Promise.withResolvers<void>();
    const failing = db.transaction(async (inner) => {
      await insert(inner, "inside");
      open.resolve();
      await Bun.sleep(5);
      throw new Error("no");
    });
    await open.promise;
    // Started while the transaction is open: both wait for its end, so the rollback does not take them along.
    const outside = insert(db, "outside");
    const hot = db.run("insert into package (name, created_at) values ('hot', $1)", [1]);
    expect(await codeOf(failing)).toContain("no");
    await outside;
    await hot;
    const rows = await db.query.selectFrom("package").select("name").orderBy("name").execute();
    expect(rows.map((row) => row.name)).toEqual(["hot", "outside"]);
  });
});
