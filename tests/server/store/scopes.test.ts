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
