import { FangsError } from "../../protocol/errors.ts";
import { Run, RunResult } from "../../protocol/models.ts";
import { Heartbeat } from "../../protocol/queue.ts";
import { HEADERS, LeaseRenewal, SegmentReceipt } from "../../protocol/requests.ts";
import { acceptResult } from "../finish.ts";
import { receiveSegment } from "../ingest.ts";
import { COMMON_HEADERS } from "../problem.ts";
import { handBack, heartbeat } from "../queue.ts";
import { checkBound } from "../runner-names.ts";
import { checkTraceLimit } from "../trace-limit.ts";
import { COMPRESSED_LIMIT } from "../segment.ts";
import { findId, missing } from "../store/ids.ts";
import type { Database } from "../store/open.ts";
import type { Identity } from "../store/tokens.ts";
import { getRunDetail } from "../store/judged-runs.ts";
import { getSegment } from "../store/traces.ts";
import { refusePruned } from "../whole-trace.ts";
import { readSegments } from "../traces/traces.ts";
import { readBody } from "./body.ts";
import { type Route, route } from "./route.ts";

const SEGMENT_TYPE = "application/zstd";
/** 64 phases with 64 KiB of each output, which JSON may double. */
const RESULT_LIMIT = 16 * 1024 * 1024;

/** What a runner writes to the run it holds; each carries its lease. */
export const traceRoutes: Route[] = [
  route({
    method: "GET",
    path: "/v1/runs/:id/trace/:seq",
    scope: "read",
    produces: SEGMENT_TYPE,
    async handle({ services: { db, traces }, param }) {
      const seq = sequence(param("seq"));
      const id = await findId(db, "run", param("id"));
      const segment = await getSegment(db, id, seq);
      if (segment === undefined) {
        refusePruned(await getRunDetail(db, id));
        throw missing("segment", String(seq));
      }
      const [data] = await readSegments(traces, [segment]);
      return new Response(new Uint8Array(data!), { headers: { ...COMMON_HEADERS, "content-type": SEGMENT_TYPE } });
    },
  }),

  route({
    method: "PUT",
    path: "/v1/runs/:id/trace/:seq",
    scope: "runner",
    headers: [HEADERS.lease, HEADERS.sha256],
    consumes: SEGMENT_TYPE,
    limit: COMPRESSED_LIMIT,
    answer: SegmentReceipt,
    async handle({ services, identity, request, param }) {
      await checkRunOf(services.db, identity, param("id"));
      const lease = header(request, HEADERS.lease);
      const seq = sequence(param("seq"));
      await checkTraceLimit(services, { runId: param("id"), lease, seq });
      return receiveSegment(services, {
        runId: param("id"),
        lease,
        seq,
        sha256: header(request, HEADERS.sha256),
        compressed: await readBody(request, COMPRESSED_LIMIT),
      });
    },
  }),

  route({
    method: "POST",
    path: "/v1/runs/:id/heartbeat",
    scope: "runner",
    headers: [HEADERS.lease],
    answer: LeaseRenewal,
    body: Heartbeat,
    async handle({ services, identity, request, param, body }) {
      await checkRunOf(services.db, identity, param("id"));
      return { expires_at: await heartbeat(services, param("id"), header(request, HEADERS.lease), body.load) };
    },
  }),

  route({
    method: "POST",
    path: "/v1/runs/:id/hand-back",
    scope: "runner",
    headers: [HEADERS.lease],
    empty: true,
    async handle({ services, identity, request, param }) {
      await checkRunOf(services.db, identity, param("id"));
      await handBack(services, param("id"), header(request, HEADERS.lease));
      return new Response(null, { status: 204, headers: COMMON_HEADERS });
    },
  }),

  route({
    method: "POST",
    path: "/v1/runs/:id/result",
    scope: "runner",
    headers: [HEADERS.lease],
    answer: Run,
    body: RunResult,
    limit: RESULT_LIMIT,
    async handle({ services, identity, request, param, body }) {
      await checkRunOf(services.db, identity, param("id"));
      return acceptResult(services, param("id"), header(request, HEADERS.lease), body);
    },
  }),
];

// --- internal ---

/** The lease proves that a run is held by whoever writes; a token that is bound to a runner must be that one's, too. */
async function checkRunOf(db: Database, identity: Identity, runId: string): Promise<void> {
  if (identity.runner === null) return;
  const run = await db.query.selectFrom("run").select("runner").where("id", "=", runId).executeTakeFirst();
  if (run?.runner != null) checkBound(identity, run.runner);
}

function header(request: Request, name: string): string {
  const value = request.headers.get(name);
  if (value !== null && value !== "") return value;
  throw new FangsError("usage", `The header ${name} is missing.`, { hint: "docs/api.md says what a runner sends." });
}

function sequence(text: string): number {
  if (/^(0|[1-9]\d{0,4})$/.test(text)) return Number(text);
  throw new FangsError("usage", "The number of a segment is 0 to 99999.");
}
