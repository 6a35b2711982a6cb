import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { statSync } from "node:fs";
import { join } from "node:path";
import { migrate, pendingMigrations } from "../../../server/store/migrate.ts";
import { type Migration, migration, SQLITE_MIGRATIONS } from "../../../server/store/migrations.ts";
import { openStore } from "../../../server/store/open.ts";
import { codeOf, temporaryFolder } from "../support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

const later = (text: string): Migration[] => [...SQLITE_MIGRATIONS, migration("0900_later.sql", text)];

describe("migrations", () => {
  test("are applied once, in order", async () => {
    const db = openStore("sqlite::memory:");
    expect(await migrate(db)).toEqual(SQLITE_MIGRATIONS.map((one) => one.name));
    expect(await migrate(db)).toEqual([]);
    expect(await migrate(db, later("create table later (x)"))).toEqual(["later"]);
    await db.close();
  });

  test("lead from the first schema to the same tables as from none", async () => {
    const shape = `select m.name, c.name as column, c.type, c."notnull", c.dflt_value, c.pk
      from sqlite_master m, pragma_table_info(m.name) c where m.type = 'table' order by 1, 2`;
    const fresh = openStore("sqlite::memory:");
    await migrate(fresh);
    const old = openStore("sqlite::memory:");
    await migrate(old, SQLITE_MIGRATIONS.slice(0, 1));
    expect(await migrate(old)).toEqual(SQLITE_MIGRATIONS.slice(1).map((one) => one.name));
    const tables = await old.hot((raw) => raw.query(shape).all());
    expect(tables).toEqual(await fresh.hot((raw) => raw.query(shape).all()));
    expect(JSON.stringify(tables)).toContain("control_of");
    await fresh.close();
    await old.close();
  });

  test("20 processes at once apply each exactly once", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "fangs.db");
    const source = `
      import { openStore } from ${JSON.stringify(join(import.meta.dir, "../../../server/store/open.ts"))};
      import { migrate } from ${JSON.stringify(join(import.meta.dir, "../../../server/store/migrate.ts"))};
      const db = openStore(${JSON.stringify(`sqlite:${path}`)});
      console.log(JSON.stringify(await migrate(db)));
      await db.close();`;
    const processes = Array.from({ length: 20 }, () =>
      Bun.spawn([process.execPath, "-e", source], { stdout: "pipe", stderr: "pipe" }),
    );
    const outputs = await Promise.all(processes.map((child) => new Response(child.stdout).text()));
    const errors = await Promise.all(processes.map((child) => new Response(child.stderr).text()));
    expect(errors.join("")).toBe("");
    const applied = outputs.flatMap((text) => JSON.parse(text) as string[]);
    expect(applied.sort()).toEqual(SQLITE_MIGRATIONS.map((one) => one.name).sort());
  });

  test("of a newer fangs stop an older one when they are breaking, and only then", async () => {
    const db = openStore("sqlite::memory:");
    await migrate(db, later("create table later (x)"));
    expect(await migrate(db)).toEqual([]);
    expect(await pendingMigrations(db)).toBe(0);
    await db.close();

    const broken = openStore("sqlite::memory:");
    await migrate(broken, later("-- breaking\ndrop table audit"));
    expect(await codeOf(migrate(broken))).toBe("schema_too_new");
    await broken.close();
  });

  test("whose text was altered after they were applied are refused", async () => {
    const db = openStore("sqlite::memory:");
    await migrate(db, later("create table later (x)"));
    expect(await codeOf(migrate(db, later("create table later (y)")))).toBe("database");
    await db.close();
  });

  test("that fail half-way leave nothing behind", async () => {
    const db = openStore("sqlite::memory:");
    expect(await codeOf(migrate(db, later("create table later (x); create table later (x);")))).toContain(
      "already exists",
    );
    expect(await pendingMigrations(db, later("create table later (x)"))).toBe(1);
    expect(await migrate(db, later("create table later (x)"))).toEqual(["later"]);
    await db.close();
  });
});

describe("the database file", () => {
  test("is readable by its owner only, and so is its directory", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "deep", "fangs.db");
    const db = openStore(`sqlite:${path}`);
    await migrate(db);
    const mode = (file: string) => statSync(file).mode & 0o777;
    expect([mode(path), mode(`${path}-wal`), mode(join(folder.path, "deep"))]).toEqual([0o600, 0o600, 0o700]);
    await db.close();
  });

  test("that is none, or has another kind of address, is reported", async () => {
    expect(() => openStore("mysql://x")).toThrow("sqlite:<path>");
    expect(() => openStore("sqlite:/proc/nothing/here.db")).toThrow("cannot be opened");
  });
});

describe("a transaction", () => {
  test("takes everything back when its work throws, and nothing slips in between", async () => {
    const db = openStore("sqlite::memory:");
    await migrate(db);
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
    const hot = db.hot((raw) => raw.run("insert into package (name, created_at) values ('hot', 1)"));
    expect(await codeOf(failing)).toContain("no");
    await outside;
    await hot;
    const rows = await db.query.selectFrom("package").select("name").orderBy("name").execute();
    expect(rows.map((row) => row.name)).toEqual(["hot", "outside"]);
    await db.close();
  });
});
