import { Scan, ScanRequest } from "../../protocol/models.ts";
import { findId } from "../store/ids.ts";
import { getScan } from "../store/scans.ts";
import { submitScan } from "../submit.ts";
import { type Route, route } from "./route.ts";

export const scanRoutes: Route[] = [
  route({
    method: "POST",
    path: "/v1/scans",
    scope: "triage",
    answer: Scan,
    body: ScanRequest,
    status: 201,
    handle: async ({ services, identity, body }) => submitScan(services, body, identity.name),
  }),

  route({
    method: "GET",
    path: "/v1/scans/:id",
    scope: "read",
    answer: Scan,
    handle: async ({ services: { db }, param }) => getScan(db, await findId(db, "scan", param("id"))),
  }),
];
