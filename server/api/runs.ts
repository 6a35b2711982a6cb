import { Run, RunDetail } from "../../protocol/models.ts";
import { FangsError } from "../../protocol/errors.ts";
import {
  EventPage,
  EventQuery,
  Pending,
  ProcessTree,
  Promotion,
  ReanalyseRequest,
  Reanalysis,
  ReasonRequest,
  Rejection,
  RunPage,
  RunQuery,
} from "../../protocol/requests.ts";
import { promoteRun, rejectRun } from "../decisions.ts";
import { readTrace } from "../ingest.ts";
import { checkWhole } from "../whole-trace.ts";
import { COMMON_HEADERS } from "../problem.ts";
import { reanalyseRun } from "../reanalyse.ts";
import type { RecordedRun, Services } from "../services.ts";
import { cancelRun, deleteRun } from "../run-removal.ts";
import { discardSegment } from "../segment.ts";
import { findId } from "../store/ids.ts";
import { getRunDetail } from "../store/judged-runs.ts";
import { listPending, listRuns } from "../store/runs.ts";
import { failRun, retryRun } from "../triage.ts";
import { type Route, route } from "./route.ts";

export const runRoutes: Route[] = [
  route({
    method: "GET",
    path: "/v1/runs",
    scope: "read",
    answer: RunPage,
    query: RunQuery,
    async handle({ services: { db }, query }) {
      if (query.before === undefined) return listRuns(db, query);
      return listRuns(db, { ...query, before: await findId(db, "run", query.before) });
    },
  }),

  route({
    method: "GET",
    path: "/v1/pending",
    scope: "read",
    answer: Pending,
    handle: async ({ services: { db } }) => ({ runs: await listPending(db) }),
  }),

  route({
    method: "GET",
    path: "/v1/runs/:id",
    scope: "read",
    answer: RunDetail,
    handle: async ({ services: { db }, param }) => getRunDetail(db, await findId(db, "run", param("id"))),
  }),

  route({
    method: "GET",
    path: "/v1/runs/:id/events",
    scope: "read",
    answer: EventPage,
    query: EventQuery,
    async handle({ services, param, query: { explain, ...filter } }) {
      const { analysis, rules } = services;
      return withRecorded(services, param("id"), (run) => {
        if (explain !== true) return analysis.listEvents(run, filter);
        const { package: name, version } = run.release;
        return analysis.listEvents(run, { ...filter, explain: { package: name, version, rules: rules.normalize } });
      });
    },
  }),

  route({
    method: "GET",
    path: "/v1/runs/:id/tree",
    scope: "read",
    answer: ProcessTree,
    handle: async ({ services, param }) => ({
      processes: await withRecorded(services, param("id"), (run) => services.analysis.processTree(run)),
    }),
  }),

  route({
    method: "POST",
    path: "/v1/runs/:id/reanalyse",
    scope: "triage",
    answer: Reanalysis,
    body: ReanalyseRequest,
    async handle({ services, identity, param, body }) {
      const id = await findId(services.db, "run", param("id"));
      return reanalyseRun(services, id, { dryRun: body.dry_run === true, actor: identity.name });
    },
  }),

  route({
    method: "POST",
    path: "/v1/runs/:id/fail",
    scope: "triage",
    answer: Run,
    body: ReasonRequest,
    async handle({ services, identity, param, body }) {
      const id = await findId(services.db, "run", param("id"));
      return failRun(services, id, { actor: identity.name, reason: body.reason });
    },
  }),

  route({
    method: "POST",
    path: "/v1/runs/:id/cancel",
    scope: "triage",
    answer: Run,
    body: ReasonRequest,
    async handle({ services, identity, param, body }) {
      const id = await findId(services.db, "run", param("id"));
      return cancelRun(services, id, { actor: identity.name, reason: body.reason });
    },
  }),

  route({
    method: "POST",
    path: "/v1/runs/:id/delete",
    scope: "triage",
    empty: true,
    body: ReasonRequest,
    async handle({ services, identity, param, body }) {
      const id = await findId(services.db, "run", param("id"));
      await deleteRun(services, id, { actor: identity.name, reason: body.reason });
      return new Response(null, { status: 204, headers: COMMON_HEADERS });
    },
  }),

  route({
    method: "POST",
    path: "/v1/runs/:id/retry",
    scope: "triage",
    answer: Run,
    status: 201,
    handle: async ({ services, identity, param }) =>
      retryRun(services, await findId(services.db, "run", param("id")), identity.name),
  }),

  route({
    method: "POST",
    path: "/v1/runs/:id/promote",
    scope: "triage",
    answer: Promotion,
    body: ReasonRequest,
    async handle({ services, identity, param, body }) {
      const id = await findId(services.db, "run", param("id"));
      return { promoted: await promoteRun(services, id, { actor: identity.name, reason: body.reason }) };
    },
  }),

  route({
    method: "POST",
    path: "/v1/runs/:id/reject",
    scope: "triage",
    answer: Rejection,
    body: ReasonRequest,
    async handle({ services, identity, param, body }) {
      const id = await findId(services.db, "run", param("id"));
      return { rejected: await rejectRun(services, id, { actor: identity.name, reason: body.reason }) };
    },
  }),
];

// --- internal ---

/** Events need the environment of the run to be read, and that comes with its result. */
async function withRecorded<T>(
  services: Services,
  given: string,
  read: (run: RecordedRun & { release: { package: string; version: string } }) => T,
): Promise<T> {
  const id = await findId(services.db, "run", given);
  // In this order: a trace that was whole before nobody had begun to take away is whole.
  const segments = await readTrace(services, id);
  const { result, state, ...release } = await getRunDetail(services.db, id);
  if (result === null) {
    throw new FangsError("conflict", `The run ${id} has no result; it is ${state}.`, {
      hint: "Its events can be read when its runner has reported.",
    });
  }
  checkWhole(release, segments.length, result.segments);
  const answer = read({ result, release, segments });
  for (const segment of segments) discardSegment(segment);
  return answer;
}
