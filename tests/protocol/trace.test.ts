import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { FangsError } from "../../protocol/errors.ts";
import {
  type FieldKind,
  HEADER,
  type Layout,
  LAYOUTS,
  RECORD,
  type RecordName,
  TraceCursor,
} from "../../protocol/trace.ts";
import { concatRecords, decodeRecord, encodeRecord, type TraceRecord } from "../../protocol/trace-codec.ts";

const FIELD: Record<FieldKind, fc.Arbitrary<unknown>> = {
  u8: fc.nat(255),
  u16: fc.nat(65_535),
  u32: fc.nat(2 ** 32 - 1),
  i32: fc.integer(),
  u64: fc.bigInt(0n, 2n ** 64n - 1n),
  i64: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
  address: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  u64x6: fc.array(fc.bigInt(0n, 2n ** 64n - 1n), { minLength: 6, maxLength: 6 }),
  i64x6: fc.array(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), { minLength: 6, maxLength: 6 }),
};

/** Any record of a type, with every field that its layout has. */
function record(name: RecordName): fc.Arbitrary<TraceRecord> {
  const layout: Layout = LAYOUTS[name];
  const fields: Record<string, fc.Arbitrary<unknown>> = {
    record: fc.constant(name),
    phase: FIELD.u8,
    flags: FIELD.u16,
    time: fc.nat(2 ** 40),
    run: FIELD.u32,
    process: FIELD.u32,
    thread: FIELD.u32,
    result: FIELD.i32,
  };
  for (const [field, [, kind]] of Object.entries(layout.fields)) {
    if (layout.strings.includes(field)) fields[field.replace(/_length$/, "")] = fc.uint8Array({ maxLength: 300 });
    else fields[field] = FIELD[kind];
  }
  return fc.record(fields) as unknown as fc.Arbitrary<TraceRecord>;
}

const anyRecord = fc.oneof(...(Object.keys(RECORD) as RecordName[]).map(record));

function decodeAll(bytes: Uint8Array): (TraceRecord | undefined)[] {
  const cursor = new TraceCursor(bytes);
  const records = [];
  while (cursor.next()) records.push(decodeRecord(cursor));
  return records;
}

describe("a trace", () => {
  test("is read as it was written", () => {
    fc.assert(
      fc.property(fc.array(anyRecord, { maxLength: 20 }), (records) => {
        expect(decodeAll(concatRecords(records.map((one) => encodeRecord(one))))).toEqual(records);
      }),
    );
  });

  test("of random bytes is corrupt, and nothing worse", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        try {
          decodeAll(bytes);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(FangsError);
          expect((thrown as FangsError).code).toBe("trace_corrupt");
        }
      }),
    );
  });

  test("with one byte changed or cut off anywhere is read or refused, and nothing worse", () => {
    fc.assert(
      fc.property(fc.array(anyRecord, { minLength: 1, maxLength: 4 }), fc.nat(), fc.nat(255), (records, at, value) => {
        const bytes = concatRecords(records.map((one) => encodeRecord(one)));
        bytes[at % bytes.length] = value;
        for (const damaged of [bytes, bytes.subarray(0, at % bytes.length)]) {
          try {
            decodeAll(damaged);
          } catch (thrown) {
            expect((thrown as FangsError).code).toBe("trace_corrupt");
          }
        }
      }),
    );
  });

  test("skips a type that it does not know by its size", () => {
    const unknown = new Uint8Array(48);
    new DataView(unknown.buffer).setUint32(HEADER.size, 48, true);
    unknown[HEADER.type] = 15;
    const known = encodeRecord({ record: "exit", code: 7 });
    const [first, second] = decodeAll(concatRecords([unknown, known]));
    expect(first).toBeUndefined();
    expect(second).toMatchObject({ record: "exit", code: 7 });
  });
});
