/** What was refused: each a line in the log, what matters for security an entry in the trail, both at a bounded rate. */
import { log } from "../log/log.ts";
import { ERRORS, type ErrorCode, type FangsError } from "../protocol/errors.ts";
import { callerOf } from "./caller.ts";
import { createLimiter } from "./limits.ts";
import { audit } from "./store/audit.ts";
import type { Database } from "./store/open.ts";

export interface Refusals {
  /** Notes that a request was refused; what is no refusal is passed over. */
  note(request: Request, error: FangsError): Promise<void>;
}

export function createRefusals(db: Database, now: () => number): Refusals {
  const steady = (): number => performance.now();
  // A flood of bad requests must fill neither the disk nor the trail.
  const lines = createLimiter({ perSecond: 10, burst: 100 }, steady);
  const entries = createLimiter({ perSecond: 0.1, burst: 60 }, steady);
  const likes = createLimiter({ perSecond: 1 / 60, burst: 3 }, steady);
  let unlogged = 0;

  return {
    async note(request, error) {
      if (!REFUSALS.has(error.code)) return;
      const { address, token, isGuessing } = callerOf(request);
      const { method } = request;
      // Without its query: that can hold what nobody should read in a log.
      const path = URL.parse(request.url)?.pathname.slice(0, 200) ?? "?";
      const known = {
        code: error.code,
        status: ERRORS[error.code].status,
        method,
        path,
        address,
        token: token ?? null,
      };
      if (lines.take("") > 0) {
        unlogged++;
      } else {
        log.warn("refused a request", unlogged === 0 ? known : { ...known, unlogged });
        unlogged = 0;
      }
      const isAudited = AUDITED.has(error.code) || (error.code === "unauthorized" && token !== undefined) || isGuessing;
      if (!isAudited || likes.take(`${token ?? address} ${error.code}`) > 0 || entries.take("") > 0) return;
      const actor = token ?? "nobody";
      const entry = { at: now(), actor, action: "access.refuse", subject: `${method} ${path}`, reason: error.message };
      await audit(db, { ...entry, after: { code: error.code, address } });
    },
  };
}

// --- internal ---

const REFUSALS: ReadonlySet<ErrorCode> = new Set([
  "unauthorized",
  "forbidden",
  "rate_limited",
  "misdirected",
  "body_too_large",
  "lease_lost",
  "segment_mismatch",
  "trace_corrupt",
  "trace_too_large",
]);

/** Somebody went beyond what he may, or a runner contradicted itself. A wrong token alone is nobody's, and cheap to show. */
const AUDITED: ReadonlySet<ErrorCode> = new Set(["forbidden", "segment_mismatch", "trace_too_large"]);
