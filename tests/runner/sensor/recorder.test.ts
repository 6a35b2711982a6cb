import { describe, expect, test } from "bun:test";
import { RECORD, SEGMENT_LIMIT, TraceCursor } from "../../../protocol/trace.ts";
import { encodeRecord } from "../../../protocol/trace-codec.ts";
import { Recorder } from "../../../runner/sensor/recorder.ts";

describe("a recorder", () => {
  test("cuts segments between records, none larger than its limit, in order", () => {
    const segments: Uint8Array[] = [];
    const recorder = new Recorder((segment, seq) => {
      expect(seq).toBe(segments.length);
      segments.push(segment);
    });
    const path = new Uint8Array(4000);
    for (let i = 0; i < 200; i++) recorder.record(encodeRecord({ record: "open", path, process: i }), RECORD.open);
    recorder.flush();
    recorder.flush();

    expect(segments.length).toBe(recorder.segments);
    expect(segments.length).toBeGreaterThan(3);
    const processes: number[] = [];
    for (const segment of segments) {
      expect(segment.length).toBeLessThanOrEqual(SEGMENT_LIMIT);
      const cursor = new TraceCursor(segment);
      while (cursor.next()) processes.push(cursor.view.getUint32(cursor.offset + 20, true));
    }
    expect(processes).toEqual([...Array(200).keys()]);
    expect([recorder.events, recorder.received[RECORD.open]]).toEqual([200, 200]);
  });

  test("counts markers as events of the trace, but not as records of the kernel", () => {
    let segment = new Uint8Array();
    const recorder = new Recorder((bytes) => void (segment = new Uint8Array(bytes)));
    recorder.marker("loss", [RECORD.open, 1, 5], { time: 1, phase: 1, text: "ringFull" });
    recorder.flush();
    expect([recorder.events, recorder.received.reduce((sum, n) => sum + n, 0)]).toEqual([1, 0]);
    expect(segment.length % 8).toBe(0);
  });
});
