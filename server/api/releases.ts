import { PageQuery, ReleasePage } from "../../protocol/requests.ts";
import { findId } from "../store/ids.ts";
import { listReleases } from "../store/releases.ts";
import { type Route, route } from "./route.ts";

export const releaseRoutes: Route[] = [
  route({
    method: "GET",
    path: "/v1/releases/:name",
    scope: "read",
    answer: ReleasePage,
    query: PageQuery,
    async handle({ services: { db }, param, query: { before, ...rest } }) {
      return listReleases(db, param("name"), {
        ...rest,
        ...(before === undefined ? {} : { before: await findId(db, "run", before) }),
      });
    },
  }),
];
