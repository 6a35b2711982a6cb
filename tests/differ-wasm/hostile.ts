import fc from "fast-check";
import { CATEGORIES, FACT } from "../../protocol/facts.ts";
import type { BaselineValue } from "../../differ-wasm/host.ts";
import { SCOPE, type FactInput } from "./facts.ts";

// Facts as an attacker would choose them: made of the rules' own words, near-misses of them, and plain nonsense.

const text = (letters: string, minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...letters), minLength, maxLength });

const hex = (min: number, max: number) => text("0123456789abcdefABCDEF", min, max);
const digits = (min: number, max: number) => text("0123456789", min, max);
const joined = (...parts: fc.Arbitrary<string>[]) => fc.tuple(...parts).map((all) => all.join(""));
const shape = (pattern: string, part: (size: number) => fc.Arbitrary<string>) =>
  joined(...pattern.split("").map((char) => (/\d/.test(char) ? part(Number(char)) : fc.constant(char))));

const date = shape("4-2-2", (size) => digits(size, size));
const uuid = joined(hex(8, 8), ...Array(3).fill(joined(fc.constant("-"), hex(4, 4))), fc.constant("-"), hex(12, 12));

const roots = ["", ".", "..", "...", "app", "appx", "root", "express", "expres", "@", "@babel", "core"];
const modules = ["node_modules", "node_module", "node_modules2", ".bin", ".package-lock.json", "debug"];
const system = ["proc", "self", "task", "fd", "42", "042", "0", "tmp", "var", "dev", "shm", "etc"];
const npm = ["_logs", "_cacache", "content-v2", "index-v5", "sha512"];
const odd = ["<PKG>", "<HOME>", "\\x00", "é", "\u212a", "\ufeff", "\n", " ", "%2f"];
const words = [...roots, ...modules, ...system, ...npm, ...odd];
const places = ["/app/node_modules/", "/app/", "/root/.npm/_cacache/", "/tmp/", "/var/tmp/", "/dev/shm/", "/proc/"];

const component: fc.Arbitrary<string> = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(...words) },
  { weight: 2, arbitrary: hex(1, 3) },
  { weight: 2, arbitrary: hex(7, 16) },
  { weight: 2, arbitrary: digits(1, 12) },
  { weight: 1, arbitrary: uuid },
  { weight: 1, arbitrary: joined(uuid, fc.constantFrom("0", "-", ".")) },
  {
    weight: 2,
    arbitrary: joined(date, fc.constantFrom("", ".", ".log", "x", ".\n", "T1_2Z-debug-0.log", "TZ-debug-0.log")),
  },
  {
    weight: 1,
    arbitrary: joined(
      date,
      fc.constant("T"),
      text("0123456789_", 0, 4),
      fc.constantFrom("Z-debug-", "Z-debug"),
      digits(0, 2),
      fc.constantFrom(".log", ".logs", ""),
    ),
  },
  {
    weight: 2,
    arbitrary: joined(text("ab.-", 0, 3), fc.constantFrom("-", "~"), hex(5, 13), fc.constantFrom(".", ".js", "-b", "")),
  },
  {
    weight: 2,
    arbitrary: joined(
      fc.constantFrom("a", ".", "a-", ""),
      digits(1, 3),
      fc.constantFrom("-", "-", "."),
      fc.oneof(hex(5, 13), uuid),
      fc.constantFrom("", "0", ".x", "-1"),
    ),
  },
  {
    weight: 2,
    arbitrary: joined(
      fc.constantFrom("", "a-", "a"),
      date,
      fc.constantFrom("T17-02-24", "T17:02_24", "T17-02-2", "T17.02-24", "T1702-24"),
      fc.constantFrom("", ".123", "_12", "-1234"),
      fc.constantFrom("", "Z", "z", "Z.log"),
    ),
  },
  {
    weight: 2,
    arbitrary: joined(fc.constantFrom(".", "", ".x"), text("aZ-", 0, 2), fc.constant("-"), text("aZ09_-.", 7, 9)),
  },
  { weight: 3, arbitrary: joined(text("aZ-._", 0, 3), fc.constantFrom("-", ".", "_", ""), text("abzABZ09", 2, 9)) },
  {
    weight: 1,
    arbitrary: joined(fc.constantFrom("tmp", "tmp", "tmq"), text("ab_1", 7, 9), fc.constantFrom("", ".", ".x", "-")),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 20, unit: "binary" }) },
);

const path = fc.oneof(
  { weight: 6, arbitrary: fc.array(component, { maxLength: 9 }).map((all) => `/${all.join("/")}`) },
  {
    weight: 6,
    arbitrary: joined(
      fc.constantFrom(...places),
      fc.array(component, { maxLength: 6 }).map((all) => all.join("/")),
    ),
  },
  {
    weight: 3,
    arbitrary: joined(
      fc.constantFrom(
        "/x/_cacache/content-v2/sha512/",
        "/_cacache/index-v5/",
        "/_cacache/tmp/",
        "/proc/42/",
        "/x/_logs/",
      ),
      fc.array(fc.oneof(hex(2, 2), component), { maxLength: 5 }).map((all) => all.join("/")),
    ),
  },
  { weight: 1, arbitrary: fc.array(component, { maxLength: 3 }).map((all) => all.join("/")) },
);

const name = joined(
  text(" \t\v\n", 0, 2),
  fc.oneof(fc.domain(), text("aZ.:[]0K", 0, 12), fc.constantFrom("1.2.3.4", "x.1", "Goo\u212aLE.com", "é.X")),
  fc.constantFrom("", ".", "..", ". "),
);
const destination = joined(name, fc.constantFrom(":", "", "::"), digits(0, 6));
const token = fc.oneof(
  path,
  digits(1, 3),
  component,
  joined(fc.constantFrom("-a=", "--b=", "c=", "-=="), path),
  destination,
);
const command = joined(
  fc.array(token, { maxLength: 8 }).map((all) => all.join("\0")),
  fc.constantFrom("", "\0", "\0\0", "\0x".repeat(70)),
);

const address = fc.oneof(
  fc.uint8Array({ minLength: 6, maxLength: 6 }),
  fc.array(fc.constantFrom(0, 0, 0, 1, 255), { minLength: 18, maxLength: 18 }).map((all) => Uint8Array.from(all)),
  fc
    .uint8Array({ minLength: 4, maxLength: 4 })
    .map((v4) => Uint8Array.from([1, 187, ...Array(10).fill(0), 255, 255, ...v4])),
  fc.uint8Array({ maxLength: 19 }),
);

/** Around the limit, and as long as the record's length can say. */
const long = fc
  .tuple(path, fc.constantFrom(6000, FACT.valueLimit, FACT.valueLimit + 1, 65_535))
  .map(([start, size]) => new TextEncoder().encode(start + "/fd/1".repeat(13_200)).slice(0, size));

/** Text as bytes, at times with a byte changed, so that it is no UTF-8 or holds a NUL. */
const bytesOfText = (texts: fc.Arbitrary<string>) =>
  fc
    .tuple(texts, fc.option(fc.tuple(fc.nat(), fc.constantFrom(0, 0xff, 0x80, 0xc3, 0x2f, 0x2d, 0x41)), { freq: 3 }))
    .map(([value, change]) => {
      const bytes = new TextEncoder().encode(value);
      if (change && bytes.length > 0) bytes[change[0] % bytes.length] = change[1];
      return bytes;
    });

const ids = Object.values(CATEGORIES);
const categoriesOf = (value: number) =>
  fc.constantFrom(...ids.filter((category) => category.value === value).map(({ id }) => id));

const category = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom(...ids.map(({ id }) => id)) },
  { weight: 1, arbitrary: fc.constantFrom(0, 27, 31, 32, 255) },
);

const kindAndValue = fc.oneof(
  { weight: 12, arbitrary: fc.tuple(categoriesOf(0), bytesOfText(path)) },
  { weight: 3, arbitrary: fc.tuple(categoriesOf(1), bytesOfText(fc.oneof(name, destination))) },
  { weight: 2, arbitrary: fc.tuple(categoriesOf(2), address) },
  { weight: 2, arbitrary: fc.tuple(categoriesOf(2), bytesOfText(destination)) },
  { weight: 3, arbitrary: fc.tuple(categoriesOf(3), bytesOfText(command)) },
  { weight: 2, arbitrary: fc.tuple(category, bytesOfText(fc.oneof(path, name, command))) },
);

const fact: fc.Arbitrary<FactInput> = fc
  .record({
    kindAndValue,
    id: fc.nat(),
    actor: fc.constantFrom(0, 1, 2, 65_535),
    pid: fc.constantFrom(0, 1, 42, 0xffffffff),
    flags: fc.constantFrom(0, 0, FACT.fold, FACT.named, FACT.located, 255),
  })
  .map(({ kindAndValue: [of, value], ...rest }) => ({ ...rest, category: of, value }));

const longFact: fc.Arbitrary<FactInput> = fc.tuple(fact, long).map(([short, value]) => ({ ...short, value }));

/** A run: facts with repetitions among them, and at times a very long one. */
export const hostileFacts: fc.Arbitrary<FactInput[]> = fc
  .tuple(
    fc.array(fact, { maxLength: 60, size: "max" }),
    fc.array(fc.nat(), { maxLength: 30, size: "max" }),
    fc.option(longFact, { freq: 12 }),
  )
  .map(([facts, repeated, extra]) => [
    ...facts,
    ...repeated.flatMap((at) => facts.slice(at % (facts.length + 1)).slice(0, 1)),
    ...(extra ? [extra] : []),
  ]);

export const hostileScope = fc.record({
  project: fc.constantFrom(SCOPE.project, SCOPE.project, "", "/", "/app/../app/", "/tmp/npm-2156-ab", "relative"),
  home: fc.constantFrom(SCOPE.home, SCOPE.home, "", "/app", "/root/.npm/_cacache"),
  package: fc.constantFrom(SCOPE.package, "@babel/core", "core", ""),
});

/** Values that no run need ever have shown. */
export const strayBaseline: fc.Arbitrary<BaselineValue[]> = fc.array(
  fc.record({ actor: fc.constantFrom(0, 1), category: fc.constantFrom(7, 8), value: fc.oneof(path, fc.string()) }),
  { maxLength: 8 },
);
