import { expect, test } from "bun:test";
import { together } from "../../../server/store/together.ts";
import { codeOf } from "../support.ts";
import { FangsError } from "../../../protocol/errors.ts";

test("work done together gives its results in its order", async () => {
  expect(
    await together(
      Bun.sleep(5).then(() => "a"),
      2,
      Promise.resolve("c"),
    ),
  ).toEqual(["a", 2, "c"]);
});

test("the first failure is thrown, and not before everything else has ended: it would write to the next transaction", async () => {
  let ended = false;
  const late = Bun.sleep(30).then(() => {
    ended = true;
    throw new FangsError("conflict", "late");
  });
  const early = Promise.reject(new FangsError("usage", "early"));
  expect(await codeOf(together(late, early))).toBe("conflict");
  expect(ended).toBe(true);
  ended = false;
  const slow = Bun.sleep(30).then(() => void (ended = true));
  expect(await codeOf(together(Promise.reject(new FangsError("usage", "early")), slow))).toBe("usage");
  expect(ended).toBe(true);
});
