import { expect, test } from "bun:test";
import type { Scope } from "../../../server/store/database.ts";
import { newStore } from "../../stores/stores.ts";

const BOTH: Scope = ["package lodash", "run 1"];

test("a transaction that is alone on a package and a run waits for whoever is alone on either", async () => {
  const db = await newStore();
  for (const other of ["package lodash", "run 1", BOTH] as const) {
    const said: string[] = [];
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const first = db.transaction(async (inner) => {
      await inner.rows("select 1");
      begin();
      await Bun.sleep(50);
      said.push("the first ends");
    }, other);
    await begun;
    const second = db.transaction(async (inner) => {
      await inner.rows("select 1");
      said.push("the second begins");
    }, BOTH);
    await Promise.all([first, second]);
    expect(said).toEqual(["the first ends", "the second begins"]);
  }
});

test("a transaction within it joins on either, and is refused on what the outer one has not", async () => {
  const db = await newStore();
  await db.transaction(async (outer) => {
    for (const scope of ["package lodash", "run 1", BOTH, "rows"] as const)
      expect(await outer.transaction(async () => "joined", scope)).toBe("joined");
    for (const scope of ["package axios", "run 2", "store"] as const)
      await expect(outer.transaction(async () => "joined", scope)).rejects.toThrow("cannot join");
  }, BOTH);
  await db.transaction(async (outer) => {
    await expect(outer.transaction(async () => "joined", BOTH)).rejects.toThrow("cannot join");
  }, "package lodash");
});

test("a statement that is alone waits like a transaction, and where it fails nothing of it is left", async () => {
  const db = await newStore();
  await db.script("create table said (what text primary key)");
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const first = db.transaction(async (inner) => {
    await inner.run("insert into said values ('first')");
    begin();
    await Bun.sleep(50);
    await inner.run("insert into said values ('first again')");
  });
  await begun;
  const told = db.alone("rows", "insert into said select 'second, after ' || count(*) from said returning what");
  expect(await told).toEqual([{ what: "second, after 2" }]);
  await first;
  const twice = "insert into said select 'third' union all select 'third' returning what";
  for (let i = 0; i < 20; i++) await expect(db.alone("rows", twice)).rejects.toThrow();
  expect(await db.rows("select count(*) as n from said")).toEqual([{ n: 3 }]);
  expect(await db.alone("rows", "insert into said values ('third') returning what")).toEqual([{ what: "third" }]);
});

test("a statement that is alone within a transaction is part of it, and is refused where that has less", async () => {
  const db = await newStore();
  await db.script("create table said (what text primary key)");
  const undone = db.transaction(async (outer) => {
    await outer.alone("run 1", "insert into said values ('x') returning what");
    await expect(outer.alone("run 2", "select 1")).rejects.toThrow("cannot join");
    throw new Error("undone");
  }, "run 1");
  await expect(undone).rejects.toThrow("undone");
  expect(await db.rows("select what from said")).toEqual([]);
});
