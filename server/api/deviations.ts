import { DeviationQuery } from "../../protocol/requests.ts";
import { getDeviation, listDeviations } from "../store/deviations.ts";
import { findId } from "../store/ids.ts";
import { type Route, route } from "./route.ts";

export const deviationRoutes: Route[] = [
  route({
    method: "GET",
    path: "/v1/deviations",
    scope: "read",
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
    handle: async ({ services: { db }, param }) => getDeviation(db, await findId(db, "deviation", param("id"))),
  }),
];
