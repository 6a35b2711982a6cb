import { AllowEntry } from "../../protocol/models.ts";
import {
  AllowImport,
  AllowImported,
  AllowPage,
  AllowQuery,
  AllowRemoved,
  AllowRequest,
} from "../../protocol/requests.ts";
import { addAllow, importAllow, removeAllow } from "../allow-list.ts";
import { CONFIG_ID, listAllow } from "../store/allow.ts";
import { findId } from "../store/ids.ts";
import { type Route, route } from "./route.ts";

/** 10,000 entries. */
const IMPORT_LIMIT = 8 * 1024 * 1024;

export const allowRoutes: Route[] = [
  route({
    method: "GET",
    path: "/v1/allow",
    scope: "read",
    answer: AllowPage,
    query: AllowQuery,
    async handle({ services: { db, rules }, query }) {
      const { before } = query;
      if (before === undefined || before.startsWith(CONFIG_ID)) return listAllow(db, query, rules.allow);
      return listAllow(db, { ...query, before: await findId(db, "allow_entry", before) }, rules.allow);
    },
  }),

  route({
    method: "POST",
    path: "/v1/allow",
    scope: "triage",
    answer: AllowEntry,
    body: AllowRequest,
    status: 201,
    handle: async ({ services, identity, body }) => addAllow(services, body, identity.name),
  }),

  route({
    method: "POST",
    path: "/v1/allow/import",
    scope: "triage",
    answer: AllowImported,
    body: AllowImport,
    limit: IMPORT_LIMIT,
    handle: async ({ services, identity, body }) => importAllow(services, body.entries, identity.name),
  }),

  route({
    method: "DELETE",
    path: "/v1/allow/:id",
    scope: "triage",
    answer: AllowRemoved,
    handle: async ({ services, identity, param }) => ({
      removed: await removeAllow(services, param("id"), identity.name),
    }),
  }),
];
