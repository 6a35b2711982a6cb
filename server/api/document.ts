import { Type } from "@sinclair/typebox";
import { openApi } from "./openapi.ts";
import { type Route, route } from "./route.ts";

/** The route of the OpenAPI document of all routes, itself included. */
export function documentRoute(all: () => readonly Route[]): Route {
  return route({
    method: "GET",
    path: "/v1/openapi.json",
    scope: "read",
    answer: Type.Object({ openapi: Type.String() }),
    handle: async () => ({ openapi: "", ...openApi(all()) }),
  });
}
