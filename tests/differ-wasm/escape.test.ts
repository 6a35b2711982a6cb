import { expect, test } from "bun:test";
import fc from "fast-check";
import { bytesOf, textOf } from "../../differ-wasm/escape.ts";

const bytes = (...parts: number[]) => new Uint8Array(parts);

test("readable text stays as it is", () => {
  const text = "/home/é/\u{1f600}/\u212a x\ufeff\ufffd";
  expect(textOf(new TextEncoder().encode(text))).toBe(text);
  expect(bytesOf(text)).toEqual(new TextEncoder().encode(text));
});

test("control characters, backslashes and what is not UTF-8 are written as hex", () => {
  expect(textOf(bytes(0x61, 0, 0x1b, 0x7f, 0x5c))).toBe("a\\x00\\x1b\\x7f\\x5c");
  expect(textOf(bytes(0xff, 0xc3, 0xa9, 0xc3))).toBe("\\xffé\\xc3");
  expect(textOf(bytes(0xc0, 0xaf))).toBe("\\xc0\\xaf"); // an overlong slash
  expect(textOf(bytes(0xe0, 0x80, 0xaf))).toBe("\\xe0\\x80\\xaf");
  expect(textOf(bytes(0xed, 0xa0, 0x80))).toBe("\\xed\\xa0\\x80"); // a surrogate
  expect(textOf(bytes(0xf4, 0x90, 0x80, 0x80))).toBe("\\xf4\\x90\\x80\\x80"); // above U+10FFFF
});

test("a backslash that begins no escape stands for itself", () => {
  expect(bytesOf("a\\b\\x0G\\x")).toEqual(new TextEncoder().encode("a\\b\\x0G\\x"));
});

test("every value comes back from its text, so no two values share one", () => {
  const hostile = fc.array(
    fc.constantFrom(0, 0x1f, 0x20, 0x5c, 0x78, 0x30, 0x66, 0x7f, 0x80, 0xa9, 0xc3, 0xe2, 0xef, 0xf0, 0xff),
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        hostile.map((all) => Uint8Array.from(all)),
      ),
      (value) => {
        expect(bytesOf(textOf(value))).toEqual(value);
      },
    ),
    { numRuns: 2000 },
  );
});
