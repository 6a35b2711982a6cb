/** All routes, and the way from a request to one of them. */
import { Elysia } from "elysia";
import { FangsError } from "../../protocol/errors.ts";
import { callerOf } from "../caller.ts";
import { problemResponse, refuse } from "../problem.ts";
import type { Services } from "../services.ts";
import { allowRoutes } from "./allow.ts";
import { auditRoutes } from "./audit.ts";
import { baselineRoutes } from "./baselines.ts";
import { deviationRoutes } from "./deviations.ts";
import { documentRoute } from "./document.ts";
import { healthRoutes } from "./health.ts";
import { jobRoutes } from "./jobs.ts";
import { keptRoutes } from "./kept.ts";
import { notifierRoutes } from "./notifiers.ts";
import { packageRoutes } from "./packages.ts";
import { releaseRoutes } from "./releases.ts";
import type { Route } from "./route.ts";
import { runRoutes } from "./runs.ts";
import { runnerRoutes } from "./runners.ts";
import { scanRoutes } from "./scans.ts";
import { tokenRoutes } from "./tokens.ts";
import { traceRoutes } from "./trace.ts";
import { uiRoutes } from "./ui.ts";

export const ROUTES: readonly Route[] = [
  ...healthRoutes,
  ...scanRoutes,
  ...runRoutes,
  ...traceRoutes,
  ...deviationRoutes,
  ...packageRoutes,
  ...releaseRoutes,
  ...baselineRoutes,
  ...allowRoutes,
  ...notifierRoutes,
  ...runnerRoutes,
  ...jobRoutes,
  ...tokenRoutes,
  ...auditRoutes,
  ...uiRoutes,
  documentRoute(() => ROUTES),
  ...keptRoutes,
];

/** Answers requests; never throws. */
export function createRouter(
  services: Services,
  routes: readonly Route[] = ROUTES,
): (request: Request) => Promise<Response> {
  // With a short Host header Elysia would look for the path in the wrong place (`standardHostname`).
  const app = new Elysia({ handler: { standardHostname: false } });
  for (const route of routes) {
    app.route(
      route.method,
      route.path,
      async ({ request, params }: { request: Request; params: Record<string, string | undefined> }) => {
        callerOf(request).route = route.path;
        try {
          return await route.run(services, request, params ?? {});
        } catch (thrown) {
          return refuse(services, request, thrown);
        }
      },
      { config: {}, parse: "none" },
    );
  }
  app.onError(({ code, error, request }) => (code === "NOT_FOUND" ? noRoute(routes, request) : problemResponse(error)));
  return async (request) => {
    try {
      services.gate.address(request);
    } catch (thrown) {
      return refuse(services, request, thrown);
    }
    return app.handle(request);
  };
}

// --- internal ---

function noRoute(routes: readonly Route[], request: Request): Response {
  const { pathname } = new URL(request.url);
  const allowed = routes.filter((route) => pattern(route.path).test(pathname)).map((route) => route.method);
  if (allowed.length === 0) {
    return problemResponse(
      new FangsError("not_found", "There is no such route.", {
        hint: "docs/api.md lists the routes; all begin with /v1.",
      }),
    );
  }
  const error = new FangsError("usage", `This route does not know the method ${request.method}.`, {
    hint: `It knows ${allowed.join(", ")}.`,
  });
  return problemResponse(error, { allow: allowed.join(", ") }, 405);
}

function pattern(path: string): RegExp {
  return new RegExp(`^${path.replace(/:[a-z]+/g, "[^/]+")}/?$`);
}
