/** How large the trace of one run may be. */
import { FangsError } from "../protocol/errors.ts";
import { SEGMENT_LIMIT } from "../protocol/trace.ts";
import { holdLease } from "./queue.ts";
import type { Services } from "./services.ts";
import { failRun } from "./triage.ts";

/** 1 GiB of records: some ten million events, a thousand times those of an ordinary run. */
export const TRACE_LIMIT = 1024 * 1024 * 1024;

/** How many segments a trace of so many bytes has: they are numbered from 0, so the number alone is the limit. */
export function segmentsOf(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / SEGMENT_LIMIT));
}

/**
 * Ends a run whose trace has more segments than a run may: it is failed and says why, for a flood must not hide what was
 * done under it, and done again it would only flood again.
 *
 * @throws FangsError lease_lost, trace_too_large
 */
export async function checkTraceLimit(
  services: Services,
  { runId, lease, seq }: { runId: string; lease: string; seq: number },
): Promise<void> {
  const { mostSegments } = services;
  if (seq < mostSegments) return;
  await holdLease(services.db, runId, lease);
  const reason = `Its trace is larger than the ${(mostSegments * SEGMENT_LIMIT) / (1024 * 1024)} MiB that one may have.`;
  await failRun(services, runId, { actor: "fangs", reason });
  throw new FangsError("trace_too_large", `The run ${runId} was ended: ${reason}`, {
    hint: "If the release is known to do that much, raise --trace-limit.",
  });
}
