import { PackageDetail } from "../../protocol/models.ts";
import { PackageList, PackageRequest, PackageSettings, ReasonRequest } from "../../protocol/requests.ts";
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
    answer: PackageList,
    handle: async ({ services: { db } }) => ({ packages: await listPackages(db) }),
  }),

  route({
    method: "POST",
    path: "/v1/packages",
    scope: "triage",
    answer: PackageDetail,
    body: PackageRequest,
    status: 201,
    handle: async ({ services, identity, body }) => watchPackage(services, body, identity.name),
  }),

  route({
    method: "GET",
    path: "/v1/packages/:name",
    scope: "read",
    answer: PackageDetail,
    handle: async ({ services: { db }, param }) => getPackage(db, param("name")),
  }),

  route({
    method: "PUT",
    path: "/v1/packages/:name",
    scope: "triage",
    answer: PackageDetail,
    body: PackageSettings,
    handle: async ({ services, identity, param, body }) => setPackage(services, param("name"), body, identity.name),
  }),

  route({
    method: "POST",
    path: "/v1/packages/:name/reset",
    scope: "triage",
    empty: true,
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
    empty: true,
    async handle({ services, identity, param }) {
      await removePackage(services, param("name"), identity.name);
      return new Response(null, { status: 204, headers: COMMON_HEADERS });
    },
  }),
];
