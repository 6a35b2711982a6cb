import { constants } from "node:os";
import { describe, expect, test } from "bun:test";
import { CHANGE_SYSCALLS, ERRNO, RARE_SYSCALLS, resultName, syscallName } from "../../protocol/syscalls.ts";

describe("the tables of calls and errors", () => {
  test("have every number once, and read back to the same name", () => {
    const entries = [...Object.entries(CHANGE_SYSCALLS), ...Object.entries(RARE_SYSCALLS)];
    expect(new Set(entries.map(([, number]) => number)).size).toBe(entries.length);
    for (const [name, number] of entries) expect(syscallName(number)).toBe(name);
  });

  test("name errors as this system does", () => {
    for (const [name, number] of Object.entries(constants.errno)) {
      // Two names for one number: the table has the other one.
      if (name === "EWOULDBLOCK" || name === "ENOTSUP") continue;
      expect(ERRNO[name]).toBe(number);
      expect(resultName(-number)).toBe(name);
    }
  });

  test("give something readable for what is in no table", () => {
    expect([syscallName(9999), resultName(3), resultName(-41), resultName(-512)]).toEqual([
      "syscall 9999",
      "ok",
      "error 41",
      "error 512",
    ]);
  });
});
