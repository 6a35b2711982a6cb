import { describe, expect, test } from "bun:test";
import { createFreshTraces } from "../../server/fresh-traces.ts";

const bytes = (value: number, length = 10) => new Uint8Array(length).fill(value);

describe("a trace that was just taken in", () => {
  test("is handed out in the order of its segments, once", () => {
    const fresh = createFreshTraces();
    fresh.keep("run", "lease", 1, bytes(1));
    fresh.keep("run", "lease", 0, bytes(0));
    expect(fresh.take("run", "lease", 2)).toEqual([bytes(0), bytes(1)]);
    expect(fresh.take("run", "lease", 2)).toBeUndefined();
  });

  test("is not handed out with a segment missing, or one too many", () => {
    const fresh = createFreshTraces();
    fresh.keep("run", "lease", 0, bytes(0));
    fresh.keep("run", "lease", 2, bytes(2));
    expect(fresh.take("run", "lease", 3)).toBeUndefined();
    fresh.keep("run", "lease", 0, bytes(0));
    fresh.keep("run", "lease", 1, bytes(1));
    expect(fresh.take("run", "lease", 1)).toBeUndefined();
    fresh.keep("run", "lease", 0, bytes(0));
    fresh.keep("run", "lease", 2, bytes(2));
    expect(fresh.take("run", "lease", 2)).toBeUndefined();
  });

  test("of one attempt is never taken for that of another, nor mixed with it", () => {
    const fresh = createFreshTraces();
    fresh.keep("run", "first", 0, bytes(0));
    expect(fresh.take("run", "second", 1)).toBeUndefined();
    fresh.keep("run", "first", 0, bytes(0));
    fresh.keep("run", "second", 1, bytes(1));
    expect(fresh.take("run", "second", 2)).toBeUndefined();
    fresh.keep("run", "first", 0, bytes(0));
    fresh.keep("run", "second", 0, bytes(9));
    expect(fresh.take("run", "second", 1)).toEqual([bytes(9)]);
  });

  test("gives way to later ones where there is no room, and its memory is free again", () => {
    const fresh = createFreshTraces(25);
    const first = bytes(1);
    fresh.keep("a", "lease", 0, first);
    fresh.keep("b", "lease", 0, bytes(2));
    fresh.keep("c", "lease", 0, bytes(3));
    expect(first).toHaveLength(0);
    expect(fresh.take("a", "lease", 1)).toBeUndefined();
    expect(fresh.take("b", "lease", 1)).toEqual([bytes(2)]);
    // What was taken makes room.
    fresh.keep("d", "lease", 0, bytes(4));
    expect(fresh.take("c", "lease", 1)).toEqual([bytes(3)]);
    expect(fresh.take("d", "lease", 1)).toEqual([bytes(4)]);
  });

  test("that is larger than all room is not kept", () => {
    const fresh = createFreshTraces(25);
    fresh.keep("a", "lease", 0, bytes(1, 30));
    expect(fresh.take("a", "lease", 1)).toBeUndefined();
    fresh.keep("b", "lease", 0, bytes(2, 20));
    expect(fresh.take("b", "lease", 1)).toEqual([bytes(2, 20)]);
  });
});
