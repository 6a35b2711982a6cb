import { Runner, RunnerList } from "../../protocol/requests.ts";
import { FangsError } from "../../protocol/errors.ts";
import { RunnerRegistration } from "../../protocol/models.ts";
import { checkRunner } from "../access.ts";
import { listRunners, putRunner } from "../store/runners.ts";
import { type Route, route } from "./route.ts";

export const runnerRoutes: Route[] = [
  route({
    method: "PUT",
    path: "/v1/runners/:name",
    scope: "runner",
    answer: Runner,
    body: RunnerRegistration,
    async handle({ services: { db, now }, identity, param, body }) {
      checkRunner(identity, param("name"));
      if (param("name") === body.name) return putRunner(db, body, now());
      throw new FangsError("invalid_body", "The body does not fit: name: it is not the one in the path.");
    },
  }),

  route({
    method: "GET",
    path: "/v1/runners",
    scope: "read",
    answer: RunnerList,
    handle: async ({ services: { db } }) => ({ runners: await listRunners(db) }),
  }),
];
