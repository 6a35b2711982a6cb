import { expect, test } from "bun:test";
import { chosen, collect, deviationsOf, given } from "../../cli/paging.ts";
import { aDeviation } from "./support.ts";

test("pages are collected until there are no more", async () => {
  const pages = [
    { items: [1, 2], next: 2 },
    { items: [3], next: null },
  ];
  const asked: unknown[] = [];
  const all = await collect<number, number>(10, async (limit, cursor) => {
    asked.push([limit, cursor]);
    return pages.shift()!;
  });
  expect(all).toEqual({ items: [1, 2, 3], next: null });
  expect(asked).toEqual([
    [10, undefined],
    [8, 2],
  ]);
});

test("a server that promises more and gives nothing is believed once", async () => {
  let asked = 0;
  const nothing = await collect<number, string>(10, async () => {
    if (++asked > 1) throw new Error("asked again");
    return { items: [], next: "more" };
  });
  expect(nothing).toEqual({ items: [], next: null });
});

test("every deviation of a run is fetched, beyond the first page", async () => {
  const queries: unknown[] = [];
  const client = {
    deviations: async (query: unknown) => ({
      deviations: [aDeviation()],
      next: queries.push(query) < 3 ? `page-${queries.length}` : null,
    }),
  };
  expect(await deviationsOf(client, "0199a")).toHaveLength(3);
  expect(queries[2]).toEqual({ run: "0199a", limit: 500, before: "page-2" });
});

test("a filter that was not given filters nothing", () => {
  expect(chosen(["a", "b"], [])).toEqual([undefined]);
  expect(chosen(["a", "b", "c"], ["c", "a", "a"])).toEqual(["a", "c"]);
  expect(given({ a: 0, b: undefined, c: "" })).toEqual({ a: 0, c: "" });
});
