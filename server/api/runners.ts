import { RunnerRemoval } from "../../protocol/queue.ts";
import { ReasonRequest, Runner, RunnerList } from "../../protocol/requests.ts";
import { FangsError } from "../../protocol/errors.ts";
import { RunnerRegistration } from "../../protocol/models.ts";
import { COMMON_HEADERS } from "../problem.ts";
import { checkRunner, registerRunner } from "../runner-names.ts";
import { changeRunner, removeRunner, stopRunner } from "../runners.ts";
import { listRunners } from "../store/runners.ts";
import { type Route, route } from "./route.ts";

export const runnerRoutes: Route[] = [
  route({
    method: "PUT",
    path: "/v1/runners/:name",
    scope: "runner",
    answer: Runner,
    body: RunnerRegistration,
    async handle({ services, identity, param, body }) {
      if (param("name") === body.name) return registerRunner(services, identity, body);
      throw new FangsError("invalid_body", "The body does not fit: name: it is not the one in the path.");
    },
  }),

  route({
    method: "GET",
    path: "/v1/runners",
    scope: "read",
    answer: RunnerList,
    handle: async ({ services: { db, now } }) => ({ runners: await listRunners(db, now()) }),
  }),

  ...(["pause", "drain", "resume"] as const).map((change) =>
    route({
      method: "POST",
      path: `/v1/runners/:name/${change}`,
      scope: "admin",
      answer: Runner,
      body: ReasonRequest,
      handle: async ({ services, identity, param, body }) =>
        changeRunner(services, param("name"), change, { actor: identity.name, reason: body.reason }),
    }),
  ),

  /** A runner's goodbye. */
  route({
    method: "POST",
    path: "/v1/runners/:name/stopped",
    scope: "runner",
    empty: true,
    async handle({ services, identity, param }) {
      await checkRunner(services.db, identity, param("name"));
      await stopRunner(services, param("name"));
      return new Response(null, { status: 204, headers: COMMON_HEADERS });
    },
  }),

  route({
    method: "DELETE",
    path: "/v1/runners/:name",
    scope: "admin",
    empty: true,
    query: RunnerRemoval,
    async handle({ services, identity, param, query }) {
      await removeRunner(services, param("name"), query.force === true, identity.name);
      return new Response(null, { status: 204, headers: COMMON_HEADERS });
    },
  }),
];
