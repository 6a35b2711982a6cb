/** The place of traces that the settings name. */
import { log } from "../../log/log.ts";
import type { Metrics } from "../metrics.ts";
import { type BucketOptions, openBucket } from "./bucket.ts";
import { isBucketFailure } from "./bucket-failure.ts";
import { inDatabase, type Traces } from "./traces.ts";

/**
 * The bucket, or the database where none is named. One that does not answer now is no reason not to start: it may be back
 * sooner than somebody looks.
 *
 * @throws FangsError bucket_refused
 */
export async function openTraces(options: BucketOptions | undefined, metrics: Metrics): Promise<Traces> {
  if (options === undefined) return inDatabase;
  const bucket = openBucket(options, metrics.bucketSeconds);
  await bucket.check().catch((thrown: unknown) => {
    if (!isBucketFailure(thrown) || thrown.code === "bucket_refused") throw thrown;
    logBucketFailure(thrown);
  });
  return bucket;
}

/**
 * For work that is tried again anyway: says that it waits for the bucket.
 *
 * @throws whatever is no failure of the bucket
 */
export function logBucketFailure(thrown: unknown): void {
  if (!isBucketFailure(thrown)) throw thrown;
  log.error(thrown.message, { hint: thrown.hint });
}
