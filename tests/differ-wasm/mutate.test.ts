import { expect, setDefaultTimeout, test } from "bun:test";
import { mutate } from "./mutate.ts";

setDefaultTimeout(600_000);

test("generated runs notice a comparison that is left out, a rule too wide and a list that is not asked", async () => {
  expect(await mutate(undefined)).toBe("survived");
  const mutations = [
    ["fingerprints.ts", "if (same(value, record + HEADER, size)) return record;", "return record;"],
    ["words.ts", " && hasAny(p, wordEnd, DIGIT)", ""],
    ["allow-list.ts", "only == ALLOW_ANY_ACTOR || only == actor", "true"],
  ] as const;
  for (const [file, find, replace] of mutations) {
    expect([file, await mutate({ file, find, replace })]).toEqual([file, "killed"]);
  }
});
