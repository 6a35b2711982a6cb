/** Records as objects: for people, for markers and for tests. The hot path reads through TraceCursor. */
import {
  HEADER,
  LAYOUTS,
  RECORD,
  type FieldKind,
  type Layout,
  type RecordName,
  type TraceCursor,
  recordName,
} from "./trace.ts";

interface Head {
  phase: number;
  flags: number;
  /** Nanoseconds since the run began. */
  time: number;
  run: number;
  process: number;
  thread: number;
  result: number;
}
type Data = Head & {
  socket: bigint;
  type: number;
  family: number;
  port: number;
  address: Uint8Array;
  offset: number;
  total: number;
  data: Uint8Array;
};

/** One record; strings are raw bytes, named as in bpf/trace.h without `_length`. */
export type TraceRecord =
  | (Head & { record: "fork"; child: number; child_pid: number })
  | (Head & {
      record: "exec";
      inode: bigint;
      device: number;
      mode: number;
      uid: number;
      pid: number;
      binary: Uint8Array;
      filename: Uint8Array;
      cwd: Uint8Array;
      argv: Uint8Array;
    })
  | (Head & { record: "exit"; code: number; signal: number })
  | (Head & {
      record: "open";
      inode: bigint;
      device: number;
      mode: number;
      open_flags: number;
      fmode: number;
      path: Uint8Array;
      requested: Uint8Array;
    })
  | (Head & { record: "change"; syscall: number; argument: number; path: Uint8Array; target: Uint8Array })
  | (Head & {
      record: "socket";
      socket: bigint;
      operation: number;
      type: number;
      family: number;
      port: number;
      address: Uint8Array;
      protocol: number;
      path: Uint8Array;
    })
  | (Data & { record: "send" })
  | (Data & { record: "receive" })
  | (Head & { record: "syscall"; syscall: number; arguments: bigint[]; text: Uint8Array })
  | (Head & { record: "marker"; kind: number; values: bigint[]; text: Uint8Array });

type Value = number | bigint | bigint[] | Uint8Array;

const READ: Record<FieldKind, (view: DataView, at: number) => Value> = {
  u8: (view, at) => view.getUint8(at),
  u16: (view, at) => view.getUint16(at, true),
  u32: (view, at) => view.getUint32(at, true),
  i32: (view, at) => view.getInt32(at, true),
  u64: (view, at) => view.getBigUint64(at, true),
  i64: (view, at) => view.getBigInt64(at, true),
  address: (view, at) => new Uint8Array(view.buffer, view.byteOffset + at, 16).slice(),
  u64x6: (view, at) => Array.from({ length: 6 }, (_, i) => view.getBigUint64(at + 8 * i, true)),
  i64x6: (view, at) => Array.from({ length: 6 }, (_, i) => view.getBigInt64(at + 8 * i, true)),
};

const WRITE: Record<FieldKind, (view: DataView, at: number, value: Value) => void> = {
  u8: (view, at, value) => view.setUint8(at, Number(value)),
  u16: (view, at, value) => view.setUint16(at, Number(value), true),
  u32: (view, at, value) => view.setUint32(at, Number(value), true),
  i32: (view, at, value) => view.setInt32(at, Number(value), true),
  u64: (view, at, value) => view.setBigUint64(at, BigInt(value as bigint), true),
  i64: (view, at, value) => view.setBigInt64(at, BigInt(value as bigint), true),
  address: (view, at, value) => new Uint8Array(view.buffer, view.byteOffset + at, 16).set(value as Uint8Array),
  u64x6: (view, at, value) => (value as bigint[]).forEach((word, i) => view.setBigUint64(at + 8 * i, word, true)),
  i64x6: (view, at, value) => (value as bigint[]).forEach((word, i) => view.setBigInt64(at + 8 * i, word, true)),
};

/** A layout as records are read by it: thousands at a time, for a page of events. */
interface Plan {
  size: number;
  fields: { name: string; at: number; read: (view: DataView, at: number) => Value }[];
  /** `at`: where the length is. */
  strings: { name: string; at: number }[];
}

function planOf({ size, fields, strings }: Layout): Plan {
  return {
    size,
    fields: Object.entries(fields).flatMap(([name, [at, kind]]) =>
      strings.includes(name) ? [] : [{ name, at, read: READ[kind] }],
    ),
    strings: strings.map((field) => ({ name: field.slice(0, -"_length".length), at: fields[field]![0] })),
  };
}

const PLANS = Object.fromEntries(Object.entries(LAYOUTS).map(([name, layout]) => [name, planOf(layout)])) as Record<
  RecordName,
  Plan
>;

/** The current record of a cursor, its strings copied out; undefined for a type this version does not know. */
export function decodeRecord(cursor: TraceCursor): TraceRecord | undefined {
  const { view, bytes, offset } = cursor;
  const record = recordName(cursor.type);
  if (record === undefined) return undefined;
  const { size, fields, strings } = PLANS[record];
  const out: Record<string, Value | string> = {
    record,
    phase: view.getUint8(offset + HEADER.phase),
    flags: view.getUint16(offset + HEADER.flags, true),
    time: Number(view.getBigUint64(offset + HEADER.time, true)),
    run: view.getUint32(offset + HEADER.run, true),
    process: view.getUint32(offset + HEADER.process, true),
    thread: view.getUint32(offset + HEADER.thread, true),
    result: view.getInt32(offset + HEADER.result, true),
  };
  for (const { name, at, read } of fields) out[name] = read(view, offset + at);
  let at = offset + size;
  for (const { name, at: lengthAt } of strings) {
    const length = view.getUint16(offset + lengthAt, true);
    out[name] = bytes.slice(at, at + length);
    at += length;
  }
  return out as unknown as TraceRecord;
}

/** The bytes of one record, padded to 8. Missing fields are zero, missing strings empty. */
export function encodeRecord(record: Partial<TraceRecord> & { record: RecordName }): Uint8Array {
  const layout: Layout = LAYOUTS[record.record];
  const fields = record as unknown as Record<string, Value | undefined>;
  const strings = layout.strings.map(
    (field) => (fields[field.slice(0, -"_length".length)] as Uint8Array | undefined) ?? new Uint8Array(),
  );
  const size = (layout.size + strings.reduce((sum, s) => sum + s.length, 0) + 7) & ~7;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(HEADER.size, size, true);
  view.setUint8(HEADER.type, RECORD[record.record]);
  view.setUint8(HEADER.phase, record.phase ?? 0);
  view.setUint16(HEADER.flags, record.flags ?? 0, true);
  view.setBigUint64(HEADER.time, BigInt(record.time ?? 0), true);
  view.setUint32(HEADER.run, record.run ?? 0, true);
  view.setUint32(HEADER.process, record.process ?? 0, true);
  view.setUint32(HEADER.thread, record.thread ?? 0, true);
  view.setInt32(HEADER.result, record.result ?? 0, true);
  for (const [name, [at, kind]] of Object.entries(layout.fields)) {
    const value = fields[name];
    if (value !== undefined) WRITE[kind](view, at, value);
  }
  let at = layout.size;
  layout.strings.forEach((field, i) => {
    const string = strings[i]!;
    view.setUint16(layout.fields[field]![0], string.length, true);
    bytes.set(string, at);
    at += string.length;
  });
  return bytes;
}

/** Records in one buffer, as a segment holds them. */
export function concatRecords(records: Uint8Array[]): Uint8Array {
  const out = new Uint8Array(records.reduce((sum, r) => sum + r.length, 0));
  let at = 0;
  for (const record of records) {
    out.set(record, at);
    at += record.length;
  }
  return out;
}
