import { expect, test } from "bun:test";
import { findId } from "../../../server/store/ids.ts";
import { insertScan } from "../../../server/store/scans.ts";
import { codeOf, testServices } from "../support.ts";

const scan = { package: "lodash", version: "1.0.0", runner: null, before: null, created_at: 1 };

test("an id is found by itself, by a unique beginning and by a unique end", async () => {
  const { db } = await testServices();
  const { id } = await insertScan(db, scan);
  for (const given of [id, id.slice(0, 8), id.slice(0, 20), id.slice(-8), id.slice(-15), id.toUpperCase()]) {
    expect(await findId(db, "scan", given)).toBe(id);
  }
});

test("a part that fits more than one is ambiguous, the ends still tell them apart", async () => {
  const { db } = await testServices();
  const first = await insertScan(db, scan);
  const second = await insertScan(db, scan);
  expect(await codeOf(findId(db, "scan", first.id.slice(0, 8)))).toBe("ambiguous_id");
  expect(await findId(db, "scan", first.id.slice(-8))).toBe(first.id);
  expect(await findId(db, "scan", second.id.slice(-8))).toBe(second.id);
});

test("what is too short, no id, or a pattern finds nothing", async () => {
  const { db } = await testServices();
  const { id } = await insertScan(db, scan);
  for (const given of ["", id.slice(0, 7), "%%%%%%%%", "________", `${id}0`, "'; drop table scan; --", "ffffffff"]) {
    expect(await codeOf(findId(db, "scan", given))).toBe("not_found");
  }
});
