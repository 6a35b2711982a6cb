/** The OpenAPI document, made of the routes and their models. */
import type { TSchema } from "@sinclair/typebox";
import * as audit from "../../protocol/audit.ts";
import * as models from "../../protocol/models.ts";
import * as notifiers from "../../protocol/notifiers.ts";
import * as queue from "../../protocol/queue.ts";
import * as requests from "../../protocol/requests.ts";
import * as signIn from "../../protocol/sign-in.ts";
import * as tokens from "../../protocol/tokens.ts";
import * as verdicts from "../../protocol/verdicts.ts";
import * as watching from "../../protocol/watching.ts";
import type { Route } from "./route.ts";

/** OpenAPI 3.1 for these routes. Its schemas are the models themselves: what is checked is what is documented. */
export function openApi(routes: readonly Route[]): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes.filter(isDocumented)) {
    const path = route.path.replaceAll(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: "3.1.1",
    info: { title: "fangs", version: "v1", license: { name: "Apache-2.0", identifier: "Apache-2.0" } },
    paths,
    components: {
      schemas: Object.fromEntries(NAMED.entries().map(([schema, name]) => [name, contents(schema)])),
      securitySchemes: { token: { type: "http", scheme: "bearer", bearerFormat: "fangs_<scope>_<random>" } },
    },
  };
}

/** The dashboard's own routes are no part of the API. */
export function isDocumented({ path }: Route): boolean {
  return !path.startsWith("/ui/");
}

// --- internal ---

/** The models that are objects, by themselves: a schema that is one of them is referred to. */
const NAMED = new Map<unknown, string>(
  [models, requests, queue, tokens, audit, signIn, watching, notifiers, verdicts]
    .flatMap((file) => Object.entries<unknown>(file))
    .filter(([, value]) => isObject(value) && value["type"] === "object")
    .map(([name, schema]) => [schema, name]),
);

function operation(route: Route): object {
  const status = route.status;
  const body = route.body === undefined ? route.consumes : "application/json";
  return {
    operationId: operationId(route),
    security: route.scope === "public" ? [] : [{ token: [] }],
    // What a token needs; OpenAPI's own scopes are for OAuth only.
    "x-scope": route.scope,
    parameters: [...pathParameters(route), ...headerParameters(route), ...queryParameters(route.query)],
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { [body]: route.body === undefined ? {} : { schema: refer(route.body) } },
            "x-limit": route.limit,
          },
        }),
    responses: {
      ...(route.answer === undefined
        ? route.produces === undefined
          ? {}
          : { [status]: { description: "As it is", content: { [route.produces]: {} } } }
        : { [status]: { description: "Done", content: { "application/json": { schema: refer(route.answer) } } } }),
      ...(route.empty === true ? { 204: { description: "Done, and there is nothing to tell" } } : {}),
      default: {
        description: "Why not",
        content: { "application/problem+json": { schema: refer(models.Problem) } },
      },
    },
  };
}

/** `getRunsIdTree` of `GET /v1/runs/:id/tree`. */
function operationId({ method, path }: Route): string {
  const words = path.replace(/^\/v1/, "").match(/[a-zA-Z]+/g) ?? [];
  return method.toLowerCase() + words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join("");
}

function pathParameters({ path }: Route): object[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
}

function headerParameters({ headers = [] }: Route): object[] {
  return headers.map((name) => ({ name, in: "header", required: true, schema: { type: "string" } }));
}

function queryParameters(query: TSchema | undefined): object[] {
  if (query === undefined) return [];
  const required: unknown = query["required"];
  return Object.entries<TSchema>(query["properties"]).map(([name, schema]) => ({
    name,
    in: "query",
    ...(Array.isArray(required) && required.includes(name) ? { required: true } : {}),
    schema: refer(schema),
  }));
}

/** A schema with every named model in it as a reference. */
function refer(schema: unknown): unknown {
  const name = NAMED.get(schema);
  return name === undefined ? contents(schema) : { $ref: `#/components/schemas/${name}` };
}

function contents(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(refer);
  if (!isObject(schema)) return schema;
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, refer(value)]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
