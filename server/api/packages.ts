import { checkPackageName } from "../../npm/names.ts";
import { PackageRequest } from "../../protocol/requests.ts";
import { COMMON_HEADERS } from "../problem.ts";
import { missing } from "../store/ids.ts";
import { addPackage, findPackage, listPackages } from "../store/packages.ts";
import { removePackage } from "../triage.ts";
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
    async handle({ services: { db, now }, body }) {
      const name = checkPackageName(body.name);
      await addPackage(db, name, now());
      return (await findPackage(db, name)) ?? Promise.reject(missing("package", name));
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
