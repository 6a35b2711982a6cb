import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { createMatcher } from "../../../server/api/match.ts";
import { ROUTES } from "../../../server/api/router.ts";
import { type Route, route } from "../../../server/api/route.ts";

const made = (method: "GET" | "POST" | "DELETE", path: string): Route =>
  route({ method, path, scope: "admin", handle: async () => new Response() });
const match = createMatcher([
  made("GET", "/a/:id"),
  made("POST", "/a/import"),
  made("GET", "/a/import"),
  made("DELETE", "/a/:id"),
  made("GET", "/a/:id/b/:seq"),
  made("GET", "/ui/"),
]);

describe("a path", () => {
  test.each([
    ["GET", "/a/1", "/a/:id", { id: "1" }],
    ["GET", "/a/1/", "/a/:id", { id: "1" }],
    ["GET", "/a/import", "/a/import", {}],
    // A thing may be called as a word is, where no route has the word with that method.
    ["DELETE", "/a/import", "/a/:id", { id: "import" }],
    ["GET", "/a/%40s%2Fp/b/0", "/a/:id/b/:seq", { id: "@s/p", seq: "0" }],
    ["GET", "/a/%zz", "/a/:id", { id: undefined }],
    ["GET", "/a/__proto__", "/a/:id", { id: "__proto__" }],
    ["GET", "/ui", "/ui/", {}],
    ["GET", "/ui/", "/ui/", {}],
  ])("%s %s is of the route %s", (method, path, pattern, params) => {
    const found = match(method, path);
    expect(found?.route?.path).toBe(pattern);
    expect({ ...found?.params }).toEqual(params);
  });

  test.each(["/", "", "/a", "/a//", "/a//b/0", "/A/1", "//a/1", "/a/1/b/0/c", "/ui/x", "/a/1//"])(
    "%j is of none",
    (path) => expect(match("GET", path)).toBeUndefined(),
  );

  test("that is known by another method names the methods it knows", () => {
    expect(match("PUT", "/a/import")).toMatchObject({ route: undefined, methods: ["POST", "GET", "DELETE"] });
    expect(match("PUT", "/a/1")).toMatchObject({ route: undefined, methods: ["GET", "DELETE"] });
  });
});

test("every route is found by its own path with any parts filled in, with those parts as they were", () => {
  const find = createMatcher(ROUTES);
  fc.assert(
    fc.property(
      fc.constantFrom(...ROUTES),
      fc.array(fc.string({ minLength: 1 }), { minLength: 3, maxLength: 3 }),
      (one, parts) => {
        // `.` and `..` never arrive: a URL does not keep them.
        const values = parts.map((part) => `-${part.toWellFormed()}`);
        const filled: string[] = [];
        const path = one.path.replaceAll(/:\w+/g, () => {
          filled.push(values[filled.length]!);
          return encodeURIComponent(filled.at(-1)!);
        });
        const found = find(one.method, path);
        expect(found?.route).toBe(one);
        expect(Object.values(found!.params)).toEqual(filled);
      },
    ),
  );
});
