import { MARKER, RECORD, RECORD_TYPE_COUNT, SEGMENT_LIMIT } from "../../protocol/trace.ts";
import { encodeRecord } from "../../protocol/trace-codec.ts";

/** What one run's trace may hold: room for a million junk events and what comes behind them. */
const TRACE_LIMIT = 256 * 1024 * 1024;

/** Collects the records of one run into segments, until there are too many; those beyond are counted. */
export class Recorder {
  readonly #emit: (segment: Uint8Array, seq: number) => void;
  #room: number;
  #buffer = new Uint8Array(SEGMENT_LIMIT);
  #length = 0;
  #seq = 0;
  /** Kernel records received, by record type. */
  readonly received = new Uint32Array(RECORD_TYPE_COUNT);
  /** Those of them that the trace had no room for. */
  readonly throttled = new Uint32Array(RECORD_TYPE_COUNT);
  /** Records in the trace, markers included. */
  events = 0;

  constructor(emit: (segment: Uint8Array, seq: number) => void, limit: number = TRACE_LIMIT) {
    this.#emit = emit;
    this.#room = limit;
  }

  /** Segments handed out so far. */
  get segments(): number {
    return this.#seq;
  }

  /** Appends one whole record of the kernel. */
  record(bytes: Uint8Array, type: number): void {
    this.received[type]! += 1;
    this.#room -= bytes.length;
    if (this.#room >= 0) this.#append(bytes);
    else this.throttled[type]! += 1;
  }

  /** Appends a marker of the runner. */
  marker(
    kind: keyof typeof MARKER,
    values: number[],
    head: { time: number; phase: number; process?: number; text?: string },
  ): void {
    const padded = Array.from({ length: 6 }, (_, i) => BigInt(values[i] ?? 0));
    this.#append(
      encodeRecord({
        record: "marker",
        kind: MARKER[kind],
        values: padded,
        text: new TextEncoder().encode(head.text ?? ""),
        time: head.time,
        phase: head.phase,
        process: head.process ?? 0,
      }),
    );
  }

  /** Hands out what has been collected, if there is any. */
  flush(): void {
    if (this.#length === 0) return;
    this.#emit(this.#buffer.slice(0, this.#length), this.#seq);
    this.#seq += 1;
    this.#length = 0;
  }

  #append(bytes: Uint8Array): void {
    if (this.#length + bytes.length > SEGMENT_LIMIT) this.flush();
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
    this.events += 1;
  }
}

/** Names of the record types that the kernel sends. */
export const KERNEL_RECORDS = Object.entries(RECORD).filter(([name]) => name !== "marker");
