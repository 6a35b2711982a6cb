import { Health } from "../../protocol/requests.ts";
import { FangsError } from "../../protocol/errors.ts";
import { whyNotReady } from "../readiness.ts";
import { type Route, route } from "./route.ts";

export const healthRoutes: Route[] = [
  /** The process lives. */
  route({ method: "GET", path: "/v1/health", scope: "public", answer: Health, handle: async () => ({ status: "ok" }) }),

  /** The database answers and has the schema of this binary, the tasks work, and the server is not stopping. */
  route({
    method: "GET",
    path: "/v1/ready",
    scope: "public",
    answer: Health,
    async handle({ services }) {
      const reasons = await whyNotReady(services);
      if (reasons.length === 0) return { status: "ready" };
      throw new FangsError("not_ready", `The server is not ready: ${reasons.join("; ")}.`);
    },
  }),

  route({
    method: "GET",
    path: "/metrics",
    scope: "read",
    produces: "text/plain",
    async handle({ services }) {
      const { type, text } = await services.metrics.expose(services.db, services.now());
      return new Response(text, { headers: { "content-type": type } });
    },
  }),
];
