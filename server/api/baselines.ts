import { Baseline } from "../../protocol/models.ts";
import {
  BaselineHistory,
  BaselineImport,
  BaselineQuery,
  PageQuery,
  ReasonRequest,
  Undone,
} from "../../protocol/requests.ts";
import { existing, importBaseline, rebuildBaselines, undoChange } from "../baseline-operations.ts";
import { listChanges } from "../store/baseline-changes.ts";
import { findId } from "../store/ids.ts";
import { type Route, route } from "./route.ts";

/** The largest baseline that an analysis takes. */
const IMPORT_LIMIT = 16 * 1024 * 1024;

export const baselineRoutes: Route[] = [
  route({
    method: "GET",
    path: "/v1/baselines/:name",
    scope: "read",
    answer: Baseline,
    query: BaselineQuery,
    handle: async ({ services: { db }, param, query }) => existing(db, param("name"), query.node),
  }),

  route({
    method: "GET",
    path: "/v1/baselines/:name/history",
    scope: "read",
    answer: BaselineHistory,
    query: PageQuery,
    async handle({ services: { db }, param, query: { before, ...rest } }) {
      return listChanges(db, param("name"), {
        ...rest,
        ...(before === undefined ? {} : { before: await findId(db, "audit", before) }),
      });
    },
  }),

  route({
    method: "PUT",
    path: "/v1/baselines/:name",
    scope: "triage",
    answer: Baseline,
    body: BaselineImport,
    limit: IMPORT_LIMIT,
    handle: async ({ services, identity, param, body }) => importBaseline(services, param("name"), body, identity.name),
  }),

  route({
    method: "POST",
    path: "/v1/baselines/:name/undo",
    scope: "triage",
    answer: Undone,
    body: ReasonRequest,
    handle: async ({ services, identity, param, body }) => ({
      undone: await undoChange(services, param("name"), { actor: identity.name, ...body }),
    }),
  }),

  route({
    method: "POST",
    path: "/v1/baselines/:name/rebuild",
    scope: "triage",
    answer: Baseline,
    body: ReasonRequest,
    handle: async ({ services, identity, param, body }) =>
      rebuildBaselines(services, param("name"), { actor: identity.name, ...body }),
  }),
];
