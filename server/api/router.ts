/** All routes, and the way from a request to one of them. */
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
import { huntRoutes } from "./hunt.ts";
import { jobRoutes } from "./jobs.ts";
import { keptRoutes } from "./kept.ts";
import { notifierRoutes } from "./notifiers.ts";
import { createMatcher } from "./match.ts";
import { packageRoutes } from "./packages.ts";
import { releaseRoutes } from "./releases.ts";
import type { Route } from "./route.ts";
import { retentionRoutes } from "./retention.ts";
import { runRoutes } from "./runs.ts";
import { runnerRoutes } from "./runners.ts";
import { scanRoutes } from "./scans.ts";
import { tokenRoutes } from "./tokens.ts";
import { traceRoutes } from "./trace.ts";
import { uiRoutes } from "./ui.ts";
import { verdictRoutes } from "./verdicts.ts";

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
  ...verdictRoutes,
  ...retentionRoutes,
  ...uiRoutes,
  ...huntRoutes,
  documentRoute(() => ROUTES),
  ...keptRoutes,
];

/** Answers requests; never throws. */
export function createRouter(
  services: Services,
  routes: readonly Route[] = ROUTES,
): (request: Request) => Promise<Response> {
  const match = createMatcher(routes);
  return async (request) => {
    try {
      services.gate.address(request);
      const found = match(request.method, pathOf(request));
      if (found?.route === undefined) return noRoute(request.method, found?.methods ?? []);
      callerOf(request).route = found.route.path;
      return await found.route.run(services, request, found.params);
    } catch (thrown) {
      return refuse(services, request, thrown);
    }
  };
}

// --- internal ---

/** Parsed, not cut out: what a Host header says must never move the path (docs/decisions/0060). */
function pathOf(request: Request): string {
  const url = URL.parse(request.url);
  if (url !== null) return url.pathname;
  throw new FangsError("usage", "The address of the request is not well formed.");
}

function noRoute(method: string, known: readonly string[]): Response {
  if (known.length === 0) {
    return problemResponse(
      new FangsError("not_found", "There is no such route.", {
        hint: "docs/api.md lists the routes; all begin with /v1.",
      }),
    );
  }
  const error = new FangsError("usage", `This route does not know the method ${method}.`, {
    hint: `It knows ${known.join(", ")}.`,
  });
  return problemResponse(error, { allow: known.join(", ") }, 405);
}
