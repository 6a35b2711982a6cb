import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { FangsError } from "../../protocol/errors.ts";
import { SEGMENT_LIMIT } from "../../protocol/trace.ts";
import { countRecords, decompressSegment } from "../../server/segment.ts";
import { segment } from "./support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

const zstd = (bytes: Uint8Array) => new Uint8Array(Bun.zstdCompressSync(bytes));
const join = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts));

describe("a compressed segment", () => {
  test.each([0, 1, 255, 256, 65_791, 65_792, SEGMENT_LIMIT])(
    "of %d bytes comes out as it went in, whatever the level",
    (size) => {
      const bytes = crypto.getRandomValues(new Uint8Array(Math.min(size, 65_536)));
      const whole = new Uint8Array(size);
      whole.set(bytes.subarray(0, size));
      for (const level of [1, 3, 19]) {
        expect(decompressSegment(new Uint8Array(Bun.zstdCompressSync(whole, { level })))).toEqual(whole);
      }
    },
  );

  test("that would expand beyond the limit is refused unopened", () => {
    const bomb = zstd(new Uint8Array(64 * 1024 * 1024));
    expect(bomb.length).toBeLessThan(10_000);
    expect(() => decompressSegment(bomb)).toThrow("are allowed");
  });

  test("with a bomb as its second frame is refused unopened", () => {
    expect(() => decompressSegment(join(segment(["/a"]), zstd(new Uint8Array(64 * 1024 * 1024))))).toThrow(
      "not one zstd frame",
    );
  });

  test("that lies about its size is refused", () => {
    const bomb = zstd(new Uint8Array(64 * 1024 * 1024));
    // Descriptor with a 4-byte content size at offset 6, behind the window descriptor.
    expect(bomb[4]! >> 6).toBe(2);
    new DataView(bomb.buffer).setUint32(6, 1000, true);
    expect(() => decompressSegment(bomb)).toThrow("zstd cannot read it");
  });

  test("that was cut anywhere, or has bytes behind it, is refused", () => {
    const whole = segment(["/one/path", "/another/path"]);
    for (let length = 0; length < whole.length; length++) {
      expect(() => decompressSegment(whole.subarray(0, length))).toThrow(FangsError);
    }
    expect(() => decompressSegment(join(whole, new Uint8Array(8)))).toThrow(FangsError);
  });

  test("of any bytes, altered anywhere, gives at most the limit or a trace_corrupt", () => {
    const whole = segment(["/one/path", "/another/path"]);
    const altered = fc
      .tuple(fc.nat(whole.length - 1), fc.nat(255))
      .map(([at, byte]) => Uint8Array.from(whole, (b, i) => (i === at ? byte : b)));
    fc.assert(
      fc.property(fc.oneof(altered, fc.uint8Array({ maxLength: 200 })), (bytes) => {
        try {
          const out = decompressSegment(bytes);
          expect(out.length).toBeLessThanOrEqual(SEGMENT_LIMIT);
          countRecords(out);
        } catch (error) {
          expect(error).toBeInstanceOf(FangsError);
          expect((error as FangsError).code).toBe("trace_corrupt");
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("is counted by the type of its records", () => {
    expect([...countRecords(decompressSegment(segment(["/a", "/b"])))]).toEqual([["open", 2]]);
  });
});
