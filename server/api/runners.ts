import { FangsError } from "../../protocol/errors.ts";
import { RunnerRegistration } from "../../protocol/models.ts";
import { listRunners, putRunner } from "../store/runners.ts";
import { type Route, route } from "./route.ts";

export const runnerRoutes: Route[] = [
  route({
    method: "PUT",
    path: "/v1/runners/:name",
    scope: "runner",
    body: RunnerRegistration,
    async handle({ services: { db, now }, param, body }) {
      if (param("name") === body.name) return putRunner(db, body, now());
      throw new FangsError("invalid_body", "The body does not fit: name: it is not the one in the path.");
    },
  }),

  route({
    method: "GET",
    path: "/v1/runners",
    scope: "read",
    handle: async ({ services: { db } }) => ({ runners: await listRunners(db) }),
  }),
];
