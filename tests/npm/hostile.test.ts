/** What a registry may answer, at random: documents are read or refused, never worse, and never in long. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { parseChanges } from "../../npm/changes.ts";
import { isPackageName } from "../../npm/names.ts";
import { checkPackument } from "../../npm/packument.ts";
import { parseRetryAfter } from "../../npm/retry-after.ts";
import { FangsError } from "../../protocol/errors.ts";
import { everything, newsOf } from "../../server/watcher/news.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

const RUNS = { numRuns: 2000 };
const odd = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom("__proto__", "constructor", "toString", "", "1.0.0", "1.0.0-0", "99999999999999999.0.0"),
);
const version = fc.oneof(
  fc.constantFrom("1.0.0", "1.0.1", "2.0.0-rc.1", "0.0.0", "1.0.0+build", "__proto__", "latest", "1.0"),
  fc.string(),
);
const dist = fc.record(
  {
    tarball: fc.oneof(fc.constantFrom("http://r.test/a.tgz", "file:///etc/passwd", "nonsense"), odd),
    integrity: fc.oneof(fc.constantFrom("sha512-AAAA", "sha1-", ""), odd),
    shasum: fc.oneof(fc.constant("a".repeat(40)), odd),
    signatures: odd,
    attestations: odd,
  },
  { requiredKeys: [] },
);
/** Of pairs, so that `__proto__` is a key like any other. */
const mapping = <T>(pair: fc.Arbitrary<readonly [string, T]>) =>
  fc.array(pair, { maxLength: 12 }).map((pairs) => JSON.parse(jsonObject(pairs)) as unknown);
const manifest = fc.oneof(odd, fc.record({ name: fc.constantFrom("a", "b"), version, dist: fc.oneof(odd, dist) }));
/** One that is read, of few tarballs, so that two documents can agree about a version and disagree. */
const release = fc
  .tuple(fc.constantFrom("1.0.0", "1.0.1", "2.0.0-rc.1", "1.0.0+build"), fc.constantFrom("sha512-AAAA", "sha512-BBBB"))
  .map(([key, integrity]) => {
    const found = { name: "a", version: key, dist: { tarball: "http://r.test/a.tgz", integrity } };
    return [key, found] as const;
  });
const packument = fc.oneof(
  odd,
  {
    weight: 3,
    arbitrary: fc.record({
      name: fc.constant("a"),
      versions: mapping<unknown>(fc.oneof(release, fc.tuple(version, manifest))),
      "dist-tags": mapping(fc.tuple(version, version)),
    }),
  },
  fc.record(
    {
      name: fc.constant("a"),
      versions: fc.oneof(odd, mapping(fc.tuple(version, manifest))),
      "dist-tags": mapping(fc.tuple(version, version)),
      time: mapping(fc.tuple(version, odd)),
    },
    { requiredKeys: ["name"] },
  ),
);
const entry = fc.oneof(
  odd,
  fc.record(
    {
      seq: fc.oneof(fc.integer(), fc.constantFrom("12", "12-abc", 1e300, -1, 1.5, 2 ** 53), odd),
      id: fc.oneof(fc.constantFrom("lodash", "@corp/a", "_design/app", "../x", "-a", "A b"), odd),
      deleted: odd,
    },
    { requiredKeys: [] },
  ),
);
/** In order, with names of every kind, and one entry that may be anything. */
const orderly = fc
  .tuple(fc.array(fc.constantFrom("lodash", "@corp/a", "_design/app", "-a"), { maxLength: 20 }), fc.option(entry))
  .map(([ids, last]) => ({
    results: [...ids.map((id, i) => ({ seq: 90 + i, id })), ...(last === null ? [] : [last])],
    last_seq: 90 + ids.length,
  }));
const feed = fc.oneof(
  odd,
  orderly,
  fc.record({ results: fc.oneof(odd, fc.array(entry, { maxLength: 20 })), last_seq: odd }, { requiredKeys: [] }),
);

function jsonObject(pairs: readonly (readonly [string, unknown])[]): string {
  return `{${pairs.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value ?? null)}`).join(",")}}`;
}

/** The value, or undefined where it was refused as it should be. */
function refusedOr<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (thrown) {
    if (thrown instanceof FangsError && thrown.code === "registry_invalid") return undefined;
    throw thrown;
  }
}

describe("a document of a package", () => {
  test("is a packument or refused; what is new of it is new once, and every release of it has a fingerprint", () => {
    let read = 0;
    const property = fc.property(packument, packument, (first, second) => {
      const [before, now] = [first, second].map((document) => refusedOr(() => checkPackument(document, "a")));
      if (before === undefined || now === undefined) return;
      read += 1;
      const seen = everything(before);
      const news = newsOf(now, seen, before["dist-tags"]);
      for (const { manifest: found, fingerprint } of news) {
        expect(Object.hasOwn(now.versions, found.version)).toBe(true);
        expect(fingerprint).toMatch(/^[\w-]{16}$/);
      }
      // Whatever is there and was not handled is told.
      const told = new Set(news.map(({ manifest: found }) => found.version));
      for (const known of Object.keys(now.versions)) if (!Object.hasOwn(seen, known)) expect(told).toContain(known);
      expect(newsOf(now, { ...seen, ...everything(now) }, now["dist-tags"])).toEqual([]);
    });
    fc.assert(property, RUNS);
    expect(read).toBeGreaterThan(100);
  });
});

describe("a part of the changes feed", () => {
  test("leads on or is refused: never back, never nowhere, and names only what is a package", () => {
    let read = 0;
    const property = fc.property(
      feed,
      fc.nat({ max: 100 }),
      fc.integer({ min: 1, max: 25 }),
      (document, since, limit) => {
        const changes = refusedOr(() => parseChanges(document, { since, limit }));
        if (changes === undefined) return;
        read += 1;
        expect(changes.names.every(isPackageName)).toBe(true);
        expect(new Set(changes.names).size).toBe(changes.names.length);
        expect(changes.last).toBeGreaterThanOrEqual(since);
        if (changes.entries > 0) expect(changes.last).toBeGreaterThan(since);
        expect(changes.entries).toBeLessThanOrEqual(limit);
      },
    );
    fc.assert(property, RUNS);
    expect(read).toBeGreaterThan(100);
  });

  test("that is well formed tells every package, each once, the last change first counted", () => {
    const names = fc.array(fc.constantFrom("a", "b", "@c/d", "e"), { minLength: 1, maxLength: 30 });
    const property = fc.property(names, fc.nat({ max: 1000 }), (ids, since) => {
      const results = ids.map((id, i) => ({ seq: since + i + 1, id }));
      const changes = parseChanges({ results, last_seq: since + ids.length }, { since, limit: 100 })!;
      expect(new Set(changes.names)).toEqual(new Set(ids));
      expect([changes.last, changes.skipped]).toEqual([since + ids.length, 0]);
    });
    fc.assert(property, { numRuns: 500 });
  });

  test("that ends before the place that was asked for was begun anew", () => {
    expect(parseChanges({ results: [], last_seq: 9 }, { since: 10, limit: 5 })).toBeUndefined();
    expect(parseChanges({ results: [], last_seq: 12 }, { since: 10, limit: 5 })!.last).toBe(12);
  });
});

test("Retry-After is seconds or a date, from a second to an hour, and anything else is nothing", () => {
  const now = Date.parse("Tue, 24 Nov 2026 10:00:00 GMT");
  expect(
    ["0", "30", "999999", "Tue, 24 Nov 2026 10:00:30 GMT", "Tue, 24 Nov 2020 10:00:30 GMT"].map((text) =>
      parseRetryAfter(text, now),
    ),
  ).toEqual([1000, 30_000, 3_600_000, 30_000, 1000]);
  expect(["", "soon", "-1", "1.5", "2026-11-24", null].map((text) => parseRetryAfter(text, now))).toEqual(
    Array(6).fill(null),
  );
  fc.assert(
    fc.property(fc.string(), (text) => {
      const ms = parseRetryAfter(text, now);
      expect(ms === null || (ms >= 1000 && ms <= 3_600_000)).toBe(true);
    }),
    RUNS,
  );
});
