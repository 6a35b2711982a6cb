/** The bucket for traces: where it is stands in a setting, who asks it in the environment. */
import { FangsError } from "../../protocol/errors.ts";
import type { BucketOptions } from "../../server/traces/bucket.ts";
import type { Kind } from "./kinds.ts";
import type { Environment } from "./table.ts";

const EXAMPLE = "For example s3://fangs-traces/production?endpoint=https://s3.example&region=eu-central-1.";
const PARAMETERS: readonly string[] = ["endpoint", "region"];

/** s3://bucket/prefix, with `endpoint` and `region` where the bucket is not AWS's own or not in its first region. */
export const bucketUrl: Kind<Omit<BucketOptions, "credentials">> = {
  hint: "url",
  type: "text",
  write: (value) => (typeof value === "string" && value !== "" ? value : undefined),
  parse(words) {
    const url = URL.parse(words);
    if (url?.protocol !== "s3:" || !/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(url.hostname) || url.port !== "") {
      throw wrong("The traces are not at an address s3://bucket/prefix", EXAMPLE);
    }
    if (url.username !== "" || url.password !== "") {
      throw wrong("Credentials do not belong into the address of the bucket", CREDENTIALS);
    }
    const prefix = url.pathname.replace(/^\/+|\/+$/g, "");
    if (!/^[\w./-]*$/.test(prefix)) throw wrong("The prefix may have letters, digits and ./_- only", EXAMPLE);
    const strange = [...url.searchParams.keys()].find((key) => !PARAMETERS.includes(key));
    if (strange !== undefined) throw wrong(`A bucket has no ${JSON.stringify(strange.slice(0, 40))}`, EXAMPLE);
    const endpoint = url.searchParams.get("endpoint");
    const region = url.searchParams.get("region");
    return {
      bucket: url.hostname,
      prefix,
      ...(endpoint === null ? {} : { endpoint: webEndpoint(endpoint) }),
      ...(region === null || region === "" ? {} : { region }),
    };
  },
};

/**
 * The credentials of the environment, under the names that every S3 program knows; one kind of names or the other.
 *
 * @throws FangsError usage where there are none, or a part of each
 */
export function credentialsIn(env: Environment): BucketOptions["credentials"] {
  const family = env["S3_ACCESS_KEY_ID"] ? "S3" : "AWS";
  const accessKeyId = env[`${family}_ACCESS_KEY_ID`] || undefined;
  const secretAccessKey = env[`${family}_SECRET_ACCESS_KEY`] || undefined;
  const sessionToken = env[`${family}_SESSION_TOKEN`] || undefined;
  // Bun's client would send the token of the other family with this family's key.
  if (sessionToken === undefined && (env["S3_SESSION_TOKEN"] || env["AWS_SESSION_TOKEN"])) {
    throw wrong("The session token and the key for the bucket are not of one kind", CREDENTIALS);
  }
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw wrong("There are no credentials for the bucket of the traces", CREDENTIALS);
  }
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}

// --- internal ---

const CREDENTIALS = "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY.";

function webEndpoint(words: string): string {
  const url = URL.parse(words);
  const isPlain = url !== null && url.username === "" && url.search === "" && url.hash === "";
  if (isPlain && /^https?:$/.test(url.protocol)) return url.href.replace(/\/$/, "");
  throw wrong("The endpoint of the bucket is not an http(s) address", EXAMPLE);
}

function wrong(message: string, hint: string): FangsError {
  return new FangsError("usage", `${message}.`, { hint });
}
