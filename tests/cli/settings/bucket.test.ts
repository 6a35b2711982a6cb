import { describe, expect, test } from "bun:test";
import { bucketUrl, credentialsIn } from "../../../cli/settings/bucket.ts";

describe("the address of a bucket", () => {
  test("names the bucket, what stands before its keys, and where it is if not at AWS", () => {
    expect(bucketUrl.parse("s3://fangs-traces")).toEqual({ bucket: "fangs-traces", prefix: "" });
    expect(bucketUrl.parse("s3://traces/of/production/?endpoint=http://127.0.0.1:9000/&region=eu-central-1")).toEqual({
      bucket: "traces",
      prefix: "of/production",
      endpoint: "http://127.0.0.1:9000",
      region: "eu-central-1",
    });
  });

  test("is refused where it is none, and never repeats what may be a secret", () => {
    const wrong = {
      "https://bucket/x": "The traces are not at an address s3://bucket/prefix.",
      "s3://": "The traces are not at an address s3://bucket/prefix.",
      "s3://Bucket_1/x": "The traces are not at an address s3://bucket/prefix.",
      "s3://key:hushhush@bucket/x": "Credentials do not belong into the address of the bucket.",
      "s3://bucket/a%20b": "The prefix may have letters, digits and ./_- only.",
      "s3://bucket/x?secret=hushhush": 'A bucket has no "secret".',
      "s3://bucket/x?endpoint=ftp://there": "The endpoint of the bucket is not an http(s) address.",
      "s3://bucket/x?endpoint=http://key:hushhush@there": "The endpoint of the bucket is not an http(s) address.",
    };
    for (const [words, message] of Object.entries(wrong)) {
      expect(() => bucketUrl.parse(words)).toThrow(expect.objectContaining({ code: "usage", message }));
    }
  });
});

test("credentials come from the environment, S3_… before AWS_…, and are asked for where they are missing", () => {
  const aws = { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" };
  expect(credentialsIn(aws)).toEqual({ accessKeyId: "a", secretAccessKey: "b" });
  const s3 = { S3_ACCESS_KEY_ID: "c", S3_SECRET_ACCESS_KEY: "d", S3_SESSION_TOKEN: "t" };
  expect(credentialsIn({ ...aws, ...s3 })).toEqual({ accessKeyId: "c", secretAccessKey: "d", sessionToken: "t" });
  expect(() => credentialsIn({ ...s3, S3_SESSION_TOKEN: "", AWS_SESSION_TOKEN: "t" })).toThrow("are not of one kind");
  expect(() => credentialsIn({ ...aws, S3_SESSION_TOKEN: "t" })).toThrow("are not of one kind");
  const parts = [{ AWS_ACCESS_KEY_ID: "a" }, { AWS_SECRET_ACCESS_KEY: "b" }, { ...aws, S3_ACCESS_KEY_ID: "c" }];
  for (const env of [{}, ...parts]) {
    expect(() => credentialsIn(env)).toThrow("There are no credentials for the bucket of the traces.");
  }
});
