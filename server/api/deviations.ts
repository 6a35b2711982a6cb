import { Deviation } from "../../protocol/models.ts";
import { DecisionRequest, DeviationPage, DeviationQuery, Promotion, Rejection } from "../../protocol/requests.ts";
import { promoteDeviations, rejectDeviations } from "../decisions.ts";
import { getDeviation, listDeviations } from "../store/deviations.ts";
import { findId } from "../store/ids.ts";
import type { Database } from "../store/open.ts";
import { type Route, route } from "./route.ts";

export const deviationRoutes: Route[] = [
  route({
    method: "GET",
    path: "/v1/deviations",
    scope: "read",
    answer: DeviationPage,
    query: DeviationQuery,
    async handle({ services: { db }, query }) {
      const { run, before, ...rest } = query;
      return listDeviations(db, {
        ...rest,
        ...(run === undefined ? {} : { run: await findId(db, "run", run) }),
        ...(before === undefined ? {} : { before: await findId(db, "deviation", before) }),
      });
    },
  }),

  route({
    method: "GET",
    path: "/v1/deviations/:id",
    scope: "read",
    answer: Deviation,
    handle: async ({ services: { db }, param }) => getDeviation(db, await findId(db, "deviation", param("id"))),
  }),

  route({
    method: "POST",
    path: "/v1/deviations/promote",
    scope: "triage",
    answer: Promotion,
    body: DecisionRequest,
    async handle({ services, identity, body }) {
      const ids = await fullIds(services.db, body.ids);
      return { promoted: await promoteDeviations(services, ids, { actor: identity.name, reason: body.reason }) };
    },
  }),

  route({
    method: "POST",
    path: "/v1/deviations/reject",
    scope: "triage",
    answer: Rejection,
    body: DecisionRequest,
    async handle({ services, identity, body }) {
      const ids = await fullIds(services.db, body.ids);
      return { rejected: await rejectDeviations(services, ids, { actor: identity.name, reason: body.reason }) };
    },
  }),
];

// --- internal ---

async function fullIds(db: Database, given: readonly string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const part of given) ids.push(await findId(db, "deviation", part));
  return ids;
}
