import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { openStore } from "../../../server/store/open.ts";
import { temporaryFolder } from "../support.ts";

/** A table of names that nobody may have twice, and one whose rows are checked when a transaction ends. */
async function open() {
  const folder = temporaryFolder();
  const path = join(folder.path, "store.db");
  const db = openStore(`sqlite:${path}`);
  await db.script("create table name (name text primary key)");
  await db.script("create table pet (owner text references name (name) deferrable initially deferred)");
  const add = (name: string) =>
    db.transaction(async (inner) => {
      await inner.run("insert into name values ($1)", [name]);
      await Promise.resolve();
      return name;
    });
  const names = async () =>
    (await db.rows<{ name: string }>("select name from name order by name")).map((row) => row.name);
  return {
    ...{ db, add, names, path },
    async [Symbol.asyncDispose]() {
      await db.close();
      folder[Symbol.dispose]();
    },
  };
}

const outcomes = async (works: readonly Promise<unknown>[]) =>
  (await Promise.allSettled(works)).map((one) => (one.status === "fulfilled" ? one.value : "failed"));

describe("transactions that are asked for at the same time", () => {
  test("are each all or nothing: one that fails takes nothing of the others with it", async () => {
    await using store = await open();
    const half = store.db.transaction(async (db) => {
      await db.run("insert into name values ('half')");
      throw new Error("given up");
    });
    const works = [store.add("a"), half, store.add("a"), store.add("b")];
    expect(await outcomes(works)).toEqual(["a", "failed", "failed", "b"]);
    expect(await store.names()).toEqual(["a", "b"]);
  });

  test("are told to be done when another process can read them, and not before", async () => {
    await using store = await open();
    const other = openStore(`sqlite:${store.path}`);
    const read = () => other.rows("select name from name");
    let seen: unknown[] | undefined;
    const first = store.add("a");
    const second = store.db.transaction(async () => void (seen = await read()));
    await first;
    expect(await read()).toEqual([{ name: "a" }]);
    await second;
    // Within the group what the first one wrote was not committed yet.
    expect(seen).toEqual([]);
    await other.close();
  });

  test("all fail where their commit does, and nothing of them is stored", async () => {
    await using store = await open();
    const orphan = store.db.transaction((db) => db.run("insert into pet values ('nobody')"));
    expect(await outcomes([store.add("a"), orphan, store.add("b")])).toEqual(["failed", "failed", "failed"]);
    expect(await store.names()).toEqual([]);
    expect(await store.add("c")).toBe("c");
  });

  test("never hold one another up for good: after any of them the next go on", async () => {
    await using store = await open();
    const works = Array.from({ length: 100 }, (_, i) => store.add(`${i % 60}`));
    const ends = await outcomes(works);
    expect(ends.filter((end) => end === "failed")).toHaveLength(40);
    expect(await store.names()).toHaveLength(60);
  });
});

test("a transaction of a store that was closed fails", async () => {
  const store = await open();
  await store[Symbol.asyncDispose]();
  expect(await outcomes([store.add("a")])).toEqual(["failed"]);
});
