import { ScanRequest } from "../../protocol/models.ts";
import { findId } from "../store/ids.ts";
import { getScan } from "../store/scans.ts";
import { submitScan } from "../submit.ts";
import { type Route, route } from "./route.ts";

export const scanRoutes: Route[] = [
  route({
    method: "POST",
    path: "/v1/scans",
    scope: "triage",
    body: ScanRequest,
    status: 201,
    handle: async ({ services, body }) => submitScan(services, body),
  }),

  route({
    method: "GET",
    path: "/v1/scans/:id",
    scope: "read",
    handle: async ({ services: { db }, param }) => getScan(db, await findId(db, "scan", param("id"))),
  }),
];
