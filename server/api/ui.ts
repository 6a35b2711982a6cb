import { SessionRequest, SignIn } from "../../protocol/sign-in.ts";
import { FangsError } from "../../protocol/errors.ts";
import { signedIn } from "../access.ts";
import { COMMON_HEADERS } from "../problem.ts";
import { csrfToken, sessionCookie, setCookie } from "../session.ts";
import { createSignIn, deleteSession, redeemSignIn } from "../store/sessions.ts";
import { listRuns } from "../store/runs.ts";
import style from "../ui/page.css" with { type: "text" };
import script from "../ui/sign-in.js" with { type: "text" };
import { runsPage, signInPage } from "../ui/page.ts";
import { type Route, route } from "./route.ts";

/** Nothing inline, nothing from elsewhere, in nobody's frame. */
const PAGE_HEADERS = {
  ...COMMON_HEADERS,
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
};

export const uiRoutes: Route[] = [
  route({
    method: "POST",
    path: "/v1/sign-ins",
    scope: "read",
    answer: SignIn,
    status: 201,
    async handle({ services: { db, now }, identity }) {
      if (identity.token !== null) return createSignIn(db, identity.token, now());
      throw new FangsError("forbidden", "Only the holder of a token can sign in.");
    },
  }),

  route({
    method: "GET",
    path: "/ui/",
    scope: "public",
    produces: "text/html",
    async handle({ services, request }) {
      const session = await signedIn(services, request);
      if (session === undefined) return asset("text/html", signInPage());
      const { runs } = await listRuns(services.db, { limit: 50 });
      return asset("text/html", runsPage(session.identity, runs, csrfToken(session.secret)));
    },
  }),

  route({
    method: "GET",
    path: "/ui/sign-in.js",
    scope: "public",
    produces: "text/javascript",
    handle: async () => asset("text/javascript", script),
  }),

  route({
    method: "GET",
    path: "/ui/page.css",
    scope: "public",
    produces: "text/css",
    handle: async () => asset("text/css", style),
  }),

  route({
    method: "POST",
    path: "/ui/session",
    scope: "public",
    body: SessionRequest,
    empty: true,
    async handle({ services, request, body }) {
      const session = await redeemSignIn(services.db, body.code, services.now());
      if (session !== undefined) return empty(setCookie(request, session.secret, session.seconds));
      services.gate.wrongToken(request);
      throw new FangsError("unauthorized", "The link is not valid any more.", {
        hint: "A link works once and for two minutes: `fangs ui` makes another.",
      });
    },
  }),

  route({
    method: "DELETE",
    path: "/ui/session",
    scope: "read",
    empty: true,
    async handle({ services, request }) {
      const secret = sessionCookie(request);
      if (secret !== undefined) await deleteSession(services.db, secret);
      return empty(setCookie(request, "", 0));
    },
  }),
];

// --- internal ---

function asset(type: string, text: string): Response {
  return new Response(text, { headers: { ...PAGE_HEADERS, "content-type": `${type}; charset=utf-8` } });
}

function empty(cookie: string): Response {
  return new Response(null, { status: 204, headers: { ...COMMON_HEADERS, "set-cookie": cookie } });
}
