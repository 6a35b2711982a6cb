/**
 * The trace format, mirrored from bpf/trace.h (the source of truth; tests/protocol/trace-layout.test.ts
 * compares both). A segment is a concatenation of records; see `TraceCursor` for the fast way through it
 * and trace-codec.ts for records as objects.
 */
import { FangsError } from "./errors.ts";

export const TRACE_VERSION = 1;
/** Bytes of records in one segment before compression. */
export const SEGMENT_LIMIT = 256 * 1024;

export const RECORD = {
  fork: 1,
  exec: 2,
  exit: 3,
  open: 4,
  change: 5,
  socket: 6,
  send: 7,
  receive: 8,
  syscall: 9,
  marker: 10,
} as const;
export type RecordName = keyof typeof RECORD;
export const RECORD_TYPE_COUNT = 16;

export const PHASE = { none: 0, install: 1, import: 2, bin: 3, linger: 4 } as const;
export type PhaseName = keyof typeof PHASE;

export const FLAG = { truncated: 1, deleted: 2, detached: 4, unreadable: 8, ioUring: 16, compat: 32 } as const;

export const LOSS = { none: 0, ringFull: 1, mapFull: 2, truncated: 3, unreadable: 4, throttled: 5 } as const;
export const LOSS_CAUSE_COUNT = 8;

export const SOCKET = { connect: 1, bind: 2, listen: 3, accept: 4 } as const;
export type SocketOperation = keyof typeof SOCKET;

export const MARKER = { phaseBegin: 1, phaseEnd: 2, loss: 3, sent: 4, survivor: 5 } as const;

/** Offsets of the header's fields. */
export const HEADER = {
  size: 0,
  type: 4,
  phase: 5,
  flags: 6,
  time: 8,
  run: 16,
  process: 20,
  thread: 24,
  result: 28,
} as const;
export const HEADER_SIZE = 32;

export type FieldKind = "u8" | "u16" | "u32" | "i32" | "u64" | "i64" | "address" | "u64x6" | "i64x6";
export interface Layout {
  /** The struct of bpf/trace.h. */
  struct: string;
  /** Bytes of the fixed part. */
  size: number;
  fields: Readonly<Record<string, readonly [offset: number, kind: FieldKind]>>;
  /** Fields whose value is the length of a string behind the fixed part, in order. */
  strings: readonly string[];
}

const data = {
  struct: "data_record",
  size: 72,
  fields: {
    socket: [32, "u64"],
    operation: [40, "u8"],
    type: [41, "u8"],
    family: [42, "u16"],
    port: [44, "u16"],
    data_length: [46, "u16"],
    address: [48, "address"],
    offset: [64, "u32"],
    total: [68, "u32"],
  },
  strings: ["data_length"],
} as const satisfies Layout;

/** The fixed part of each record type behind its header. */
export const LAYOUTS = {
  fork: { struct: "fork_record", size: 40, fields: { child: [32, "u32"], child_pid: [36, "u32"] }, strings: [] },
  exec: {
    struct: "exec_record",
    size: 64,
    fields: {
      inode: [32, "u64"],
      device: [40, "u32"],
      mode: [44, "u32"],
      uid: [48, "u32"],
      pid: [52, "u32"],
      binary_length: [56, "u16"],
      filename_length: [58, "u16"],
      cwd_length: [60, "u16"],
      argv_length: [62, "u16"],
    },
    strings: ["binary_length", "filename_length", "cwd_length", "argv_length"],
  },
  exit: { struct: "exit_record", size: 40, fields: { code: [32, "i32"], signal: [36, "i32"] }, strings: [] },
  open: {
    struct: "open_record",
    size: 64,
    fields: {
      inode: [32, "u64"],
      device: [40, "u32"],
      mode: [44, "u32"],
      open_flags: [48, "u32"],
      fmode: [52, "u32"],
      path_length: [56, "u16"],
      requested_length: [58, "u16"],
    },
    strings: ["path_length", "requested_length"],
  },
  change: {
    struct: "change_record",
    size: 48,
    fields: { syscall: [32, "u32"], argument: [36, "u32"], path_length: [40, "u16"], target_length: [42, "u16"] },
    strings: ["path_length", "target_length"],
  },
  socket: {
    struct: "socket_record",
    size: 72,
    fields: {
      socket: [32, "u64"],
      operation: [40, "u8"],
      type: [41, "u8"],
      family: [42, "u16"],
      port: [44, "u16"],
      path_length: [46, "u16"],
      address: [48, "address"],
      protocol: [64, "u32"],
    },
    strings: ["path_length"],
  },
  send: data,
  receive: data,
  syscall: {
    struct: "syscall_record",
    size: 88,
    fields: { syscall: [32, "u32"], text_length: [36, "u16"], arguments: [40, "u64x6"] },
    strings: ["text_length"],
  },
  marker: {
    struct: "marker_record",
    size: 88,
    fields: { kind: [32, "u32"], text_length: [36, "u16"], values: [40, "i64x6"] },
    strings: ["text_length"],
  },
} as const satisfies Record<RecordName, Layout>;

const NAMES: (RecordName | undefined)[] = [];
for (const [name, type] of Object.entries(RECORD)) NAMES[type] = name as RecordName;

/** The name of a record type, undefined for one this version does not know. */
export function recordName(type: number): RecordName | undefined {
  return NAMES[type];
}

/**
 * Walks the records of one segment without allocating. Offsets are relative to the segment; every record
 * handed out has passed the bounds checks, so reads below `offset + size` are safe.
 *
 * @throws FangsError trace_corrupt where a size or a length does not fit
 */
export class TraceCursor {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Start of the current record. */
  offset = 0;
  /** Bytes of the current record. */
  size = 0;
  /** Type of the current record; unknown types are handed out too. */
  type = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Moves to the next record; false at the end. */
  next(): boolean {
    const at = this.offset + this.size;
    if (at === this.bytes.length) return false;
    if (at + HEADER_SIZE > this.bytes.length) throw corrupt(at, "its header is cut off");
    const size = this.view.getUint32(at, true);
    const type = this.view.getUint8(at + HEADER.type);
    if (size < HEADER_SIZE || size % 8 !== 0) throw corrupt(at, `its size is ${size}`);
    if (at + size > this.bytes.length)
      throw corrupt(at, `it claims ${size} bytes where ${this.bytes.length - at} are left`);
    const name = NAMES[type];
    if (name !== undefined) {
      const layout: Layout = LAYOUTS[name];
      let need = layout.size;
      if (size < need) throw corrupt(at, `a ${name} record of ${size} bytes is too short`);
      for (const field of layout.strings) need += this.view.getUint16(at + layout.fields[field]![0], true);
      if (size < need) throw corrupt(at, `its strings do not fit`);
    }
    this.offset = at;
    this.size = size;
    this.type = type;
    return true;
  }
}

function corrupt(offset: number, why: string): FangsError {
  return new FangsError("trace_corrupt", `The record at byte ${offset} of the segment is damaged: ${why}.`, {
    hint: "The segment was cut or altered on its way; the run is inconclusive.",
  });
}
