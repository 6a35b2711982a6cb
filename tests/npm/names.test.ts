import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { checkPackageName, checkVersion, isExactVersion, scopeOf } from "../../npm/names.ts";
import { FangsError } from "../../protocol/errors.ts";

function codeOf(work: () => unknown): string {
  try {
    work();
    return "ok";
  } catch (error) {
    return error instanceof FangsError ? error.code : `not a FangsError: ${error}`;
  }
}

describe("package names", () => {
  test.each(["lodash", "is-number", "@types/node", "JSONStream", "a", "socket.io", "@scope/x", "3d-view"])(
    "%s is accepted unchanged",
    (name) => {
      expect(checkPackageName(name)).toBe(name);
    },
  );

  test.each([
    "",
    ".hidden",
    "_private",
    "node_modules",
    "favicon.ico",
    "a b",
    " a",
    "a/b",
    "@a",
    "@a/",
    "@/b",
    "@a/b/c",
    "@a/.b",
    "@../b",
    "--save",
    "a\nb",
    "a\0b",
    "ä",
    "a%2fb",
    "../x",
    "x".repeat(215),
  ])("%j is refused as invalid_name", (name) => {
    expect(codeOf(() => checkPackageName(name))).toBe("invalid_name");
  });

  test("any text is either accepted and safe in a URL, or refused with a hint", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 230 }), (name) => {
        try {
          expect(checkPackageName(name)).toMatch(/^(@[A-Za-z0-9~_.-]+\/)?[A-Za-z0-9~_.-]+$/);
        } catch (error) {
          expect(error).toBeInstanceOf(FangsError);
          expect((error as FangsError).hint).toBeString();
        }
      }),
    );
  });

  test("the scope of a name is what stands before its slash", () => {
    expect(scopeOf("@types/node")).toBe("@types");
    expect(scopeOf("node")).toBeUndefined();
  });
});

describe("versions", () => {
  test.each(["0.0.0", "1.2.3", "1.2.3-beta.1", "1.0.0-alpha-7+build.5", "10.20.30-0.3.7"])("%s is exact", (version) => {
    expect(checkVersion(version)).toBe(version);
  });

  test.each([
    "",
    "1",
    "1.2",
    "v1.2.3",
    "^1.2.3",
    "1.2.x",
    "latest",
    "01.2.3",
    "1.2.3-",
    "1.2.3-01",
    "1.2.3 ",
    "1.2.3\n",
  ])("%j is refused as invalid_version", (version) => {
    expect(codeOf(() => checkVersion(version))).toBe("invalid_version");
  });

  test("a version longer than npm's 256 characters is refused", () => {
    expect(isExactVersion(`1.2.3-${"a".repeat(300)}`)).toBe(false);
  });
});
