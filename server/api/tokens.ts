import { NewToken, Token, TokenPage, TokenQuery, TokenRequest } from "../../protocol/tokens.ts";
import { findId } from "../store/ids.ts";
import { listTokens } from "../store/tokens.ts";
import { issueToken, revokeToken } from "../tokens.ts";
import { type Route, route } from "./route.ts";

export const tokenRoutes: Route[] = [
  route({
    method: "GET",
    path: "/v1/tokens",
    scope: "admin",
    query: TokenQuery,
    answer: TokenPage,
    async handle({ services: { db, now }, query: { before, ...rest } }) {
      if (before === undefined) return listTokens(db, rest, now());
      return listTokens(db, { ...rest, before: await findId(db, "token", before) }, now());
    },
  }),

  route({
    method: "POST",
    path: "/v1/tokens",
    scope: "admin",
    body: TokenRequest,
    answer: NewToken,
    status: 201,
    handle: async ({ services, identity, body }) => issueToken(services, body, identity.name),
  }),

  route({
    method: "DELETE",
    path: "/v1/tokens/:id",
    scope: "admin",
    answer: Token,
    handle: async ({ services, identity, param }) => revokeToken(services, param("id"), identity.name),
  }),
];
