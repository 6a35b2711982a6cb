import { describe, expect, test } from "bun:test";
import { RECORD } from "../../../protocol/trace.ts";
import { concatRecords, encodeRecord } from "../../../protocol/trace-codec.ts";
import { type Kernel, Session } from "../../../runner/sensor/session.ts";

/** Probes that hand out what they are given, and count what they say. */
function kernel(drains: Uint8Array[], sent: number, parts: Partial<Kernel> = {}): Kernel {
  return {
    report: () => [],
    log: () => "",
    now: () => 0n,
    startRun() {},
    setPhase() {},
    arm() {},
    indexOf: () => undefined,
    watchNamespace() {},
    endRun() {},
    count: (_slot, type, cause) => (type === RECORD.open && cause === 0 ? sent : 0),
    wait() {},
    drain: () => drains.shift() ?? new Uint8Array(),
    ...parts,
  };
}

const open = (run: number) => encodeRecord({ record: "open", run });

describe("a session", () => {
  test("waits for records that the kernel has counted and not handed over yet", () => {
    const drains = [open(0), new Uint8Array(), new Uint8Array(), concatRecords([open(0), open(0)])];
    const session = new Session(kernel(drains, 3), () => {});
    session.answer({ ask: "start", live: false });
    expect(session.answer({ ask: "finish", slot: 0 })).toMatchObject({ losses: [] });
  });

  test("says what never arrives, and waits no longer than a moment for it", () => {
    const session = new Session(kernel([open(0)], 3), () => {});
    session.answer({ ask: "start", live: false });
    const losses = [{ record: "open", cause: "missing", count: 2 }];
    expect(session.answer({ ask: "finish", slot: 0 })).toMatchObject({ losses });
  });

  test("gives a slot back even where its account cannot be made", () => {
    const refuse = () => {
      throw new Error("no such map");
    };
    const session = new Session(kernel([], 0, { count: refuse }), () => {});
    session.answer({ ask: "start", live: false });
    expect(() => session.answer({ ask: "finish", slot: 0 })).toThrow("no such map");
    expect(session.active).toBe(false);
  });

  test("does not use a slot again while others are free, and uses all of them", () => {
    const session = new Session(kernel([], 0), () => {});
    expect(session.answer({ ask: "start", live: false })).toEqual({ slot: 0 });
    session.answer({ ask: "finish", slot: 0 });
    for (let i = 1; i <= 64; i++) expect(session.answer({ ask: "start", live: false })).toEqual({ slot: i % 64 });
    expect(() => session.answer({ ask: "start", live: false })).toThrow("64 runs");
  });

  test("answers in the middle of a flood that never lets the ring run empty", () => {
    let drained = 0;
    const flood = () => {
      drained += 1;
      if (drained > 1000) throw new Error("the session listens to nobody");
      return open(0);
    };
    const session = new Session(kernel([], 0, { drain: flood }), () => {});
    session.answer({ ask: "start", live: false });
    session.pump(1);
    session.answer({ ask: "arm", slot: 0, pid: 1, root: 1, phase: "install" });
    expect(drained).toBeGreaterThanOrEqual(32);
  });
});
