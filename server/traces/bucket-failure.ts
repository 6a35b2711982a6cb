/** What Bun's S3 client throws, as an error of fangs. */
import { FangsError } from "../../protocol/errors.ts";

/** Codes of S3 after which somebody has to change something: in the settings, in the rights, or in the bucket. */
const REFUSALS: ReadonlySet<string> = new Set([
  "AccessDenied",
  "AccountProblem",
  "AllAccessDisabled",
  "AuthorizationHeaderMalformed",
  "ExpiredToken",
  "InvalidAccessKeyId",
  "InvalidBucketName",
  "InvalidToken",
  "NoSuchBucket",
  "PermanentRedirect",
  "RequestTimeTooSkewed",
  "SignatureDoesNotMatch",
  "TokenRefreshRequired",
  "ERR_S3_INVALID_ENDPOINT",
  "ERR_S3_MISSING_CREDENTIALS",
]);

/** What is wrong with the one object that was asked for; undefined: something else is wrong. */
export function objectFault(thrown: unknown): "missing" | "empty" | undefined {
  const code = codeOf(thrown);
  if (code === "NoSuchKey") return "missing";
  // Its first bytes were asked for, and there are none.
  return code === "InvalidRange" ? "empty" : undefined;
}

/** Never with a credential in it: S3 names the access key and what was signed, so only its code is told. */
export function bucketFailure({ bucket }: { bucket: string }, thrown: unknown): FangsError {
  const code = codeOf(thrown);
  if (REFUSALS.has(code)) {
    return new FangsError("bucket_refused", `The bucket ${bucket} refuses: ${code}.`, {
      hint: "Check --traces, and the credentials and rights of the server. Nothing is lost meanwhile: runners send again.",
    });
  }
  const why = code === "" && thrown instanceof Error ? thrown.message : code;
  return new FangsError("bucket_unavailable", `The bucket ${bucket} does not answer as it should: ${why}.`, {
    hint: "Check that its endpoint can be reached. Nothing is lost meanwhile: runners send again.",
  });
}

/** Whether the bucket is the reason: not the trace, and not the run that it belongs to. */
export function isBucketFailure(thrown: unknown): thrown is FangsError {
  return thrown instanceof FangsError && (thrown.code === "bucket_unavailable" || thrown.code === "bucket_refused");
}

// --- internal ---

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" ? thrown.code : "";
}
