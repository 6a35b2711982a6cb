import { Retention } from "../../protocol/retention.ts";
import { retentionStatus } from "../retention/status.ts";
import { type Route, route } from "./route.ts";

export const retentionRoutes: Route[] = [
  route({
    method: "GET",
    path: "/v1/retention",
    scope: "read",
    answer: Retention,
    handle: async ({ services }) => retentionStatus(services),
  }),
];
