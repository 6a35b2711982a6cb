import { toFangsError, type FangsError } from "../../protocol/errors.ts";
import { TraceCursor } from "../../protocol/trace.ts";

/** Called for each record with its ordinal in the trace; `false` ends the walk. */
export type Visit = (cursor: TraceCursor, event: number) => boolean | void;

export interface Walk {
  /** Records seen. */
  events: number;
  /** The first damage found. Records behind it in the same segment are lost; later segments are read. */
  damage: FangsError | null;
}

/** Visits the records of all segments in order. The cursor is reused: nothing of it may be kept. */
export function walkTrace(segments: readonly Uint8Array[], visit: Visit): Walk {
  const walk: Walk = { events: 0, damage: null };
  for (const segment of segments) {
    const cursor = new TraceCursor(segment);
    while (advance(cursor, walk)) {
      if (visit(cursor, walk.events++) === false) return walk;
    }
  }
  return walk;
}

function advance(cursor: TraceCursor, walk: Walk): boolean {
  try {
    return cursor.next();
  } catch (thrown) {
    walk.damage ??= toFangsError(thrown);
    return false;
  }
}
