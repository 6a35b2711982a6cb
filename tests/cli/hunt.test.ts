import { describe, expect, test } from "bun:test";
import type { HuntHit } from "../../protocol/hunt.ts";
import { fakeServer, run, RUN_ID } from "./support.ts";

function aHit(change: Partial<HuntHit> = {}): HuntHit {
  return {
    category: "net_new_dns",
    value: "c2.evil.example",
    package: "left-pad",
    actor: "script:left-pad",
    runs: 2,
    versions: ["1.3.2", "1.3.1"],
    first: { run_id: RUN_ID, version: "1.3.1", at: 1_750_000_000_000 },
    last: { run_id: RUN_ID, version: "1.3.2", at: 1_750_000_060_000 },
    ...change,
  };
}

describe("hunt", () => {
  test("prints who did it, and asks for page after page, also behind an empty one", async () => {
    const pages = [
      { hits: [aHit()], next: "one" },
      { hits: [], next: "two" },
      { hits: [aHit({ package: "right-pad", versions: ["5.0.0", "4.0.0", "3.0.0", "2.0.0", "1.0.0"] })], next: null },
    ];
    await using server = fakeServer({ "GET /v1/hunt": () => pages.shift() });
    const { exit, out } = await run(["hunt", "-dns", "*.evil.example", "-actor", "script:*"], server.env);
    expect(exit).toBe(0);
    expect(out).toMatchInlineSnapshot(`
      "VALUE            CATEGORY     PACKAGE    ACTOR            RUNS  VERSIONS                    FIRST                 LAST                  LAST RUN
      c2.evil.example  net_new_dns  left-pad   script:left-pad     2  1.3.2 1.3.1                 2025-06-15 15:06:40Z  2025-06-15 15:07:40Z  0199a000-0000-7000-8000-000000000001
      c2.evil.example  net_new_dns  right-pad  script:left-pad     2  5.0.0 4.0.0 3.0.0 2.0.0 +1  2025-06-15 15:06:40Z  2025-06-15 15:07:40Z  0199a000-0000-7000-8000-000000000001
      "
    `);
    expect(server.requests).toEqual([
      "GET /v1/hunt?dns=*.evil.example&actor=script%3A*&limit=100",
      "GET /v1/hunt?dns=*.evil.example&actor=script%3A*&limit=99&after=one",
      "GET /v1/hunt?dns=*.evil.example&actor=script%3A*&limit=99&after=two",
    ]);
  });

  test("says so where nobody ever did, and where there are more than the limit", async () => {
    await using nothing = fakeServer({ "GET /v1/hunt": { hits: [], next: null } });
    expect(await run(["hunt", "--value", "x"], nothing.env)).toEqual({
      exit: 0,
      out: "",
      err: "No run ever showed that.\n",
    });
    await using many = fakeServer({ "GET /v1/hunt": { hits: [aHit()], next: "more" } });
    expect((await run(["hunt", "--ip", "192.0.2.7", "--limit", "1"], many.env)).err).toContain("raise --limit");
    const { out } = await run(["hunt", "--ip", "192.0.2.7", "--limit", "1", "--json"], many.env);
    expect(JSON.parse(out)).toMatchObject({ schema: "fangs.hunt/1", hits: [aHit()], more: true });
  });

  test("takes a date or a length of time, and exactly one kind", async () => {
    await using server = fakeServer({ "GET /v1/hunt": { hits: [], next: null } });
    await run(["hunt", "--path", "*/.npmrc", "--since", "2026-01-31"], server.env);
    expect(server.requests).toEqual([`GET /v1/hunt?path=*%2F.npmrc&since=${Date.parse("2026-01-31")}&limit=100`]);
    expect((await run(["hunt", "--path", "x", "--since", "soon"], server.env)).exit).toBe(2);
    for (const words of [[], ["--dns", "a", "--ip", "b"]]) {
      const { exit, err } = await run(["hunt", ...words], server.env);
      expect(exit).toBe(2);
      expect(err).toContain("exactly one of --dns");
    }
  });
});
