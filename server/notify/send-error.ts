/** Why a message was not sent: an expected end, in one sentence that carries no secret. */
export class SendError extends Error {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = "SendError";
  }
}

/** What became of one attempt to send. No error means delivered. */
export interface Sent {
  /** HTTP status; null: there was no answer, or the target has none. */
  status: number | null;
  /** The beginning of the answer, as text. */
  response: string | null;
  error: string | null;
  /** How long the receiver asked to wait, in ms; null: it did not. */
  retryAfterMs: number | null;
}

/** The end of an attempt that got no answer. */
export function unsent(error: string): Sent {
  return { status: null, response: null, error, retryAfterMs: null };
}

/** The sentence for what a socket or file ended with. */
export function socketError(error: unknown, where: string): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const known = SENTENCES[code];
  if (known !== undefined) return `${where} ${known}.`;
  if (/CERT|SELF_SIGNED|TLS|SSL/.test(code)) return `The certificate of ${where} does not hold: ${code}.`;
  return `${where} failed: ${code === "" ? String(error instanceof Error ? error.message : error) : code}.`;
}

// --- internal ---

const SENTENCES: Readonly<Record<string, string>> = {
  ECONNREFUSED: "refused the connection",
  ECONNRESET: "closed the connection without an answer",
  EPIPE: "closed the connection without an answer",
  HPE_INVALID_CONSTANT: "does not speak HTTP",
  EHOSTUNREACH: "cannot be reached",
  ENETUNREACH: "cannot be reached",
  ETIMEDOUT: "did not answer",
};
