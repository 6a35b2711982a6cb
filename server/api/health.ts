import { Health } from "../../protocol/requests.ts";
import { FangsError } from "../../protocol/errors.ts";
import { pendingMigrations } from "../store/migrate.ts";
import { type Route, route } from "./route.ts";

export const healthRoutes: Route[] = [
  /** The process lives. */
  route({ method: "GET", path: "/v1/health", scope: "public", answer: Health, handle: async () => ({ status: "ok" }) }),

  /** The database answers and has the schema of this binary. */
  route({
    method: "GET",
    path: "/v1/ready",
    scope: "public",
    answer: Health,
    async handle({ services }) {
      if ((await pendingMigrations(services.db)) === 0) return { status: "ready" };
      throw new FangsError("database", "The database has an older schema.", {
        hint: "Restart the server: it migrates at its start.",
      });
    },
  }),

  route({
    method: "GET",
    path: "/metrics",
    scope: "read",
    produces: "text/plain",
    async handle({ services }) {
      const { type, text } = await services.metrics.expose(services.db);
      return new Response(text, { headers: { "content-type": type } });
    },
  }),
];
