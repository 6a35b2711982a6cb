import { FangsError } from "../../protocol/errors.ts";
import { RunResult } from "../../protocol/models.ts";
import { HEADERS } from "../../protocol/requests.ts";
import { acceptResult } from "../finish.ts";
import { receiveSegment } from "../ingest.ts";
import { COMMON_HEADERS } from "../problem.ts";
import { heartbeat } from "../queue.ts";
import { COMPRESSED_LIMIT } from "../segment.ts";
import { findId, missing } from "../store/ids.ts";
import { getSegment } from "../store/traces.ts";
import { readBody } from "./body.ts";
import { type Route, route } from "./route.ts";

/** 64 phases with 64 KiB of each output, which JSON may double. */
const RESULT_LIMIT = 16 * 1024 * 1024;

/** What a runner writes to the run it holds; each carries its lease. */
export const traceRoutes: Route[] = [
  route({
    method: "GET",
    path: "/v1/runs/:id/trace/:seq",
    scope: "read",
    async handle({ services: { db }, param }) {
      const seq = sequence(param("seq"));
      const data = await getSegment(db, await findId(db, "run", param("id")), seq);
      if (data === undefined) throw missing("segment", String(seq));
      return new Response(new Uint8Array(data), { headers: { ...COMMON_HEADERS, "content-type": "application/zstd" } });
    },
  }),

  route({
    method: "PUT",
    path: "/v1/runs/:id/trace/:seq",
    scope: "runner",
    async handle({ services, request, param }) {
      return receiveSegment(services, {
        runId: param("id"),
        lease: header(request, HEADERS.lease),
        seq: sequence(param("seq")),
        sha256: header(request, HEADERS.sha256),
        compressed: await readBody(request, COMPRESSED_LIMIT),
      });
    },
  }),

  route({
    method: "POST",
    path: "/v1/runs/:id/heartbeat",
    scope: "runner",
    async handle({ services, request, param }) {
      return { expires_at: await heartbeat(services, param("id"), header(request, HEADERS.lease)) };
    },
  }),

  route({
    method: "POST",
    path: "/v1/runs/:id/result",
    scope: "runner",
    body: RunResult,
    limit: RESULT_LIMIT,
    handle: async ({ services, request, param, body }) =>
      acceptResult(services, param("id"), header(request, HEADERS.lease), body),
  }),
];

// --- internal ---

function header(request: Request, name: string): string {
  const value = request.headers.get(name);
  if (value !== null && value !== "") return value;
  throw new FangsError("usage", `The header ${name} is missing.`, { hint: "docs/api.md says what a runner sends." });
}

function sequence(text: string): number {
  if (/^(0|[1-9]\d{0,4})$/.test(text)) return Number(text);
  throw new FangsError("usage", "The number of a segment is 0 to 99999.");
}
