import { PackageRequest, PackageSettings, ReasonRequest } from "../../protocol/requests.ts";
import { resetPackage } from "../baseline-operations.ts";
import { removePackage, setPackage, watchPackage } from "../packages.ts";
import { COMMON_HEADERS } from "../problem.ts";
import { getPackage, listPackages } from "../store/packages.ts";
import { type Route, route } from "./route.ts";

export const packageRoutes: Route[] = [
  route({
    method: "GET",
    path: "/v1/packages",
    scope: "read",
    handle: async ({ services: { db } }) => ({ packages: await listPackages(db) }),
  }),

  route({
    method: "POST",
    path: "/v1/packages",
    scope: "triage",
    body: PackageRequest,
    status: 201,
    handle: async ({ services, identity, body }) => watchPackage(services, body, identity.name),
  }),

  route({
    method: "GET",
    path: "/v1/packages/:name",
    scope: "read",
    handle: async ({ services: { db }, param }) => getPackage(db, param("name")),
  }),

  route({
    method: "PUT",
    path: "/v1/packages/:name",
    scope: "triage",
    body: PackageSettings,
    handle: async ({ services, identity, param, body }) => setPackage(services, param("name"), body, identity.name),
  }),

  route({
    method: "POST",
    path: "/v1/packages/:name/reset",
    scope: "triage",
    body: ReasonRequest,
    async handle({ services, identity, param, body }) {
      await resetPackage(services, param("name"), { actor: identity.name, ...body });
      return new Response(null, { status: 204, headers: COMMON_HEADERS });
    },
  }),

  route({
    method: "DELETE",
    path: "/v1/packages/:name",
    scope: "triage",
    async handle({ services, identity, param }) {
      await removePackage(services, param("name"), identity.name);
      return new Response(null, { status: 204, headers: COMMON_HEADERS });
    },
  }),
];
