/** Trace segments as objects of an S3-compatible bucket. */
import { FangsError } from "../../protocol/errors.ts";
import { COMPRESSED_LIMIT } from "../segment.ts";
import { bucketFailure, objectFault } from "./bucket-failure.ts";
import type { Metrics } from "../metrics.ts";
import { AT_ONCE, type TraceObject, type Traces } from "./traces.ts";

/** Where the bucket is, and who asks it. */
export interface BucketOptions {
  bucket: string;
  /** Before every key, without slashes at its ends; empty: none. */
  prefix: string;
  /** Absent: that of AWS for the region. */
  endpoint?: string;
  region?: string;
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
}

export interface Bucket extends Traces {
  /**
   * Asks the bucket for something small, to learn at the start what is wrong with the settings.
   *
   * @throws FangsError bucket_unavailable, bucket_refused
   */
  check(): Promise<void>;
}

/** A bucket that hangs must not hold an upload longer than a runner waits, which is 30 s. */
const DEADLINE_MS = 10_000;

/**
 * The key of an object has the digest of its bytes: whoever writes to it, however often, writes the same. So neither a
 * retry nor another orchestrator replaces what a row stands for.
 */
export function openBucket(
  options: BucketOptions,
  seconds?: Metrics["bucketSeconds"],
  deadlineMs = DEADLINE_MS,
): Bucket {
  const { prefix, credentials, ...place } = options;
  const client = new Bun.S3Client({ ...place, ...credentials, retry: 2 });
  const root = prefix === "" ? "" : `${prefix}/`;
  const keyOf = ({ run_id, seq, sha256 }: { run_id: string; seq: number; sha256: string }): string =>
    `${root}${run_id}/${seq}-${sha256}`;

  /** Bun's client waits for ever by itself. */
  async function ask<T>(operation: "put" | "get" | "list" | "delete", work: () => Promise<T>): Promise<T> {
    const begun = performance.now();
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error(`no answer within ${deadlineMs / 1000} s`)), deadlineMs);
    let outcome: "ok" | "failed" = "failed";
    try {
      const answer = await Promise.race([work(), late.promise]);
      outcome = "ok";
      return answer;
    } catch (thrown) {
      throw objectFault(thrown) === undefined ? bucketFailure(options, thrown) : thrown;
    } finally {
      clearTimeout(timer);
      seconds?.observe({ operation, outcome }, (performance.now() - begun) / 1000);
    }
  }

  return {
    async put(segment) {
      await ask("put", () => client.write(keyOf(segment), segment.bytes, { type: "application/zstd" }));
      return null;
    },

    async get(segment) {
      const { run_id, seq, sha256 } = segment;
      // Whoever altered the object may have made it so large that it does not fit into memory.
      const file = client.file(keyOf(segment)).slice(0, COMPRESSED_LIMIT + 1);
      const bytes = await ask("get", () => file.bytes()).catch((thrown: unknown) => {
        const fault = objectFault(thrown);
        if (fault === undefined) throw thrown;
        if (fault === "empty") return new Uint8Array();
        throw new FangsError("trace_missing", `The bucket has no segment ${seq} of the run ${run_id}.`, {
          cause: thrown,
          hint: "Somebody or something deleted it there, such as a rule for old objects; fangs removes them by itself.",
        });
      });
      if (new Bun.CryptoHasher("sha256").update(bytes).digest("hex") === sha256) return bytes;
      throw new FangsError("trace_corrupt", `Segment ${seq} of the run ${run_id} is not what was stored.`, {
        hint: "The object in the bucket was altered: its bytes do not match the sha256 in the database.",
      });
    },

    objects: {
      async list({ run, after }) {
        const below = run === undefined ? root : `${root}${run}/`;
        const place = after === undefined ? {} : { startAfter: after };
        const { contents = [] } = await ask("list", () => client.list({ prefix: below, maxKeys: 1000, ...place }));
        return contents.map(({ key, size = 0, lastModified }) => ({
          ...{ key, size, segment: segmentOf(key.slice(root.length)) },
          // One that does not say how old it is counts as new.
          modified: Date.parse(lastModified ?? "") || Number.POSITIVE_INFINITY,
        }));
      },
      async remove(objects) {
        for (let at = 0; at < objects.length; at += AT_ONCE) {
          await Promise.all(objects.slice(at, at + AT_ONCE).map(({ key }) => ask("delete", () => client.delete(key))));
        }
      },
    },

    check: async () => void (await ask("list", () => client.list({ prefix: root, maxKeys: 1 }))),
  };
}

// --- internal ---

function segmentOf(name: string): TraceObject["segment"] {
  const [, run_id, seq, sha256] = /^([0-9a-f-]{36})\/(0|[1-9]\d{0,4})-([0-9a-f]{64})$/.exec(name) ?? [];
  if (run_id === undefined || seq === undefined || sha256 === undefined) return undefined;
  return { run_id, seq: Number(seq), sha256 };
}
