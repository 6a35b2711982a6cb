import { HuntPage, HuntQuery } from "../../protocol/hunt.ts";
import { hunt } from "../hunt.ts";
import { type Route, route } from "./route.ts";

export const huntRoutes: Route[] = [
  route({
    method: "GET",
    path: "/v1/hunt",
    scope: "read",
    query: HuntQuery,
    answer: HuntPage,
    handle: async ({ services: { db }, query }) => hunt(db, query),
  }),
];
