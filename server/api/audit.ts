import { AuditPage, AuditQuery, AuditRecord } from "../../protocol/audit.ts";
import { getAudit, pageAudit } from "../store/audit.ts";
import { findId } from "../store/ids.ts";
import { type Route, route } from "./route.ts";

export const auditRoutes: Route[] = [
  route({
    method: "GET",
    path: "/v1/audit",
    scope: "triage",
    query: AuditQuery,
    answer: AuditPage,
    async handle({ services: { db }, query: { before, ...rest } }) {
      if (before === undefined) return pageAudit(db, rest);
      return pageAudit(db, { ...rest, before: await findId(db, "audit", before) });
    },
  }),

  route({
    method: "GET",
    path: "/v1/audit/:id",
    scope: "triage",
    answer: AuditRecord,
    handle: async ({ services: { db }, param }) => getAudit(db, await findId(db, "audit", param("id"))),
  }),
];
