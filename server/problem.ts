/** Errors as application/problem+json (RFC 9457). */
import { log } from "../log/log.ts";
import { ERRORS, FangsError, toFangsError } from "../protocol/errors.ts";
import type { Problem } from "../protocol/models.ts";
import { RateLimited } from "./limits.ts";
import type { Services } from "./services.ts";
import { isPassing, storeFailure } from "./store/failure.ts";

/** Whatever was thrown as a response. A defect is logged with its stack besides. */
export function problemResponse(thrown: unknown, given: Record<string, string> = {}, status?: number): Response {
  const headers = thrown instanceof RateLimited ? { ...given, "retry-after": String(thrown.seconds) } : given;
  const error = storeFailure(thrown) ?? toFangsError(thrown);
  const kind = ERRORS[error.code];
  if (kind.status === 500) logDefect(thrown);
  const problem: Problem = {
    type: "about:blank",
    title: kind.title,
    status: status ?? kind.status,
    code: error.code,
    detail: error.message,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  };
  return new Response(JSON.stringify(problem), {
    status: problem.status,
    headers: { "content-type": "application/problem+json", ...COMMON_HEADERS, ...headers },
  });
}

/** Whatever a request was answered with in place of what it asked for, noted where it is a refusal. */
export async function refuse({ gate }: Pick<Services, "gate">, request: Request, thrown: unknown): Promise<Response> {
  if (thrown instanceof FangsError) await gate.refusals.note(request, thrown).catch(logDefect);
  return problemResponse(thrown);
}

/** On every answer. */
export const COMMON_HEADERS = { "cache-control": "no-store", "x-content-type-options": "nosniff" };

/** A defect, whole, for whoever runs the server; what goes away, as a full disk or a database that restarts, is none, and said in one line. */
export function logDefect(thrown: unknown): void {
  const known = thrown instanceof FangsError ? thrown : storeFailure(thrown);
  if (known !== undefined && isPassing(known)) return log.error(known.message, { hint: known.hint });
  log.error("a defect in fangs", { error: thrown instanceof Error ? thrown : Bun.inspect(thrown) });
}
