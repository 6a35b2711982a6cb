/** Every request that was answered: a line in the log, and its time for Prometheus. */
import { type Level, log } from "../log/log.ts";
import { callerOf } from "./caller.ts";
import type { Metrics } from "./metrics.ts";

/** Observes answers: gives each its id as `x-request-id`, and notes what was asked, by whom, and how long it took. */
export function requestLog(metrics: Pick<Metrics, "httpSeconds">) {
  return (request: Request, response: Response, ms: number): void => {
    const { address, token = null, route = "none" } = callerOf(request);
    // Anybody can send any method and any path: as labels they would fill the memory.
    const method = METHODS.has(request.method) ? request.method : "other";
    const { status } = response;
    metrics.httpSeconds.observe({ method, route, status }, ms / 1000);
    const id = Bun.randomUUIDv7();
    response.headers.set("x-request-id", id);
    const fields = { id, method, route, status, ms: Math.round(ms * 10) / 10, token, address };
    log[levelOf(status, `${method} ${route}`)](`${method} ${route} ${status}`, fields);
  };
}

// --- internal ---

const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** What is asked again and again, by runners and by monitoring. */
const ROUTINE: ReadonlySet<string> = new Set([
  "GET /metrics",
  "GET /v1/health",
  "GET /v1/ready",
  "POST /v1/jobs/lease",
  "POST /v1/runs/:id/heartbeat",
  "PUT /v1/runs/:id/trace/:seq",
]);

function levelOf(status: number, what: string): Level {
  if (status === 500) return "error";
  if (status > 500) return "warn";
  return status < 400 && ROUTINE.has(what) ? "debug" : "info";
}
