import { expect, test } from "bun:test";
import { ownOwner, ownerIsGone } from "../../../runner/sandbox/owner.ts";

test("this process is not gone", () => {
  expect(ownerIsGone(ownOwner("r"))).toBe(false);
});

test("a process that ended, or whose pid is another's now, is gone", async () => {
  const [runner, , start, namespace] = ownOwner("r").split(":");
  const ended = Bun.spawn(["true"]);
  await ended.exited;
  expect(ownerIsGone([runner, ended.pid, start, namespace].join(":"))).toBe(true);
  expect(ownerIsGone([runner, process.pid, Number(start) - 1, namespace].join(":"))).toBe(true);
});

test("an owner that cannot be seen from here counts as alive", () => {
  const [runner, , start] = ownOwner("r").split(":");
  expect(ownerIsGone([runner, 1, start, "1"].join(":"))).toBe(false);
  for (const owner of ["", "x", "a:b:c:d", "r:1:2"]) expect(ownerIsGone(owner)).toBe(false);
});
