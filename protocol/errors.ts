/** What a code means to a program: the exit code of the CLI and the HTTP status of the API. */
interface ErrorKind {
  exit: number;
  status: number;
  title: string;
}

/** Exit codes of the CLI; 3 outranks 1. */
export const EXIT = {
  clean: 0,
  deviant: 1,
  usage: 2,
  undecided: 3,
  pending: 4,
  internal: 70,
  interrupted: 130,
} as const;

/** Every error that fangs reports on purpose. docs/errors.md is made from this table. */
export const ERRORS = {
  usage: { exit: 2, status: 400, title: "The command or request is not well formed" },
  invalid_name: { exit: 2, status: 400, title: "Not an npm package name" },
  invalid_version: { exit: 2, status: 400, title: "Not an npm version" },
  invalid_body: { exit: 2, status: 400, title: "The request body does not fit its model" },
  body_too_large: { exit: 2, status: 413, title: "The request body is too large" },
  body_too_slow: { exit: 3, status: 408, title: "The request body did not arrive in time" },
  unauthorized: { exit: 2, status: 401, title: "No valid token" },
  forbidden: { exit: 2, status: 403, title: "The token lacks the scope" },
  rate_limited: { exit: 3, status: 429, title: "Too many requests" },
  misdirected: { exit: 2, status: 421, title: "The Host header names another host" },
  not_found: { exit: 2, status: 404, title: "No such thing" },
  ambiguous_id: { exit: 2, status: 400, title: "The id prefix fits more than one" },
  config_invalid: { exit: 2, status: 400, title: "The configuration file does not hold" },
  conflict: { exit: 2, status: 409, title: "The state does not allow this" },
  lease_lost: { exit: 3, status: 409, title: "The runner does not hold the lease of this run" },
  lead_lost: { exit: 3, status: 503, title: "Another orchestrator has taken the task over" },
  segment_mismatch: { exit: 3, status: 409, title: "A different segment with this number is stored already" },
  trace_too_large: { exit: 3, status: 413, title: "The trace of the run is larger than allowed" },
  trace_corrupt: { exit: 3, status: 422, title: "The trace is damaged" },
  trace_pruned: { exit: 2, status: 410, title: "Retention has taken the trace away" },
  trace_missing: { exit: 3, status: 502, title: "The bucket has lost a part of the trace" },
  bucket_unavailable: { exit: 3, status: 503, title: "The bucket of the traces does not answer" },
  bucket_refused: { exit: 2, status: 503, title: "The bucket of the traces refuses" },
  package_not_found: { exit: 2, status: 404, title: "The registry has no such package" },
  version_not_found: { exit: 2, status: 404, title: "The package has no such version" },
  registry_unreachable: { exit: 3, status: 502, title: "The npm registry did not answer" },
  registry_invalid: { exit: 3, status: 502, title: "The npm registry answered nonsense" },
  integrity_mismatch: { exit: 3, status: 502, title: "A tarball does not match its integrity" },
  server_unreachable: { exit: 3, status: 503, title: "The orchestrator did not answer" },
  not_ready: { exit: 3, status: 503, title: "The server should not be sent requests now" },
  stopping: { exit: 3, status: 503, title: "The server is stopping" },
  docker_unavailable: { exit: 3, status: 503, title: "Docker does not answer" },
  image_missing: { exit: 3, status: 503, title: "There is no sandbox image" },
  image_build_failed: { exit: 3, status: 500, title: "The sandbox image could not be made" },
  sandbox_failed: { exit: 3, status: 500, title: "The sandbox could not be set up" },
  sensor_unavailable: { exit: 3, status: 503, title: "The eBPF sensor cannot run here" },
  not_root: { exit: 2, status: 403, title: "This needs root" },
  address_in_use: { exit: 2, status: 409, title: "The address is taken" },
  database: { exit: 70, status: 500, title: "The database failed" },
  database_unavailable: { exit: 3, status: 503, title: "The database does not answer" },
  store_full: { exit: 3, status: 507, title: "The server's disk is full" },
  schema_too_new: { exit: 2, status: 500, title: "The database was made by a newer fangs" },
  undecided: { exit: 3, status: 500, title: "No verdict could be reached" },
  pending: { exit: 4, status: 504, title: "Still waiting at the time limit" },
  internal: { exit: 70, status: 500, title: "A defect in fangs" },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;

/** An error with a stable code, one clear sentence, and what the reader can do about it. */
export class FangsError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "FangsError";
    this.code = code;
    this.hint = options.hint;
  }
}

/** Anything thrown as a FangsError; what is not one becomes `internal` with the original as its cause. */
export function toFangsError(thrown: unknown): FangsError {
  if (thrown instanceof FangsError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new FangsError("internal", message, {
    cause: thrown,
    hint: "Please report this with the output of `fangs doctor`.",
  });
}
