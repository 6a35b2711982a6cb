/** A bucket to try: a real S3 server, run as its own process on loopback. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BucketOptions } from "../../server/traces/bucket.ts";

export interface TestBucket extends AsyncDisposable {
  options: BucketOptions;
  /** As somebody else who has the keys to it. */
  client: Bun.S3Client;
  keys(): Promise<string[]>;
  /** Has it hang, or go on. */
  pause(): void;
  resume(): void;
  kill(): Promise<void>;
  /** Again where it was, with what it had. */
  restart(): Promise<void>;
}

const BUCKET = "traces";
/** The only pair that this server knows. */
const CREDENTIALS = { accessKeyId: "S3RVER", secretAccessKey: "S3RVER" };

export async function startBucket(): Promise<TestBucket> {
  const folder = mkdtempSync(join(tmpdir(), "fangs-bucket-"));
  let server = await spawn(folder, 0);
  const endpoint = `http://127.0.0.1:${server.port}`;
  const options: BucketOptions = { bucket: BUCKET, prefix: "fangs/test", endpoint, credentials: CREDENTIALS };
  const client = new Bun.S3Client({ bucket: BUCKET, endpoint, ...CREDENTIALS });
  const kill = async (): Promise<void> => {
    server.child.kill("SIGKILL");
    await server.child.exited;
  };
  return {
    options,
    client,
    keys: async () =>
      ((await client.list({ prefix: `${options.prefix}/` })).contents ?? []).map(({ key }) => key).sort(),
    pause: () => server.child.kill("SIGSTOP"),
    resume: () => server.child.kill("SIGCONT"),
    kill,
    async restart() {
      server = await spawn(folder, server.port);
    },
    async [Symbol.asyncDispose]() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

// --- internal ---

async function spawn(folder: string, port: number): Promise<{ child: Bun.Subprocess; port: number }> {
  const program = join(import.meta.dir, "_s3-server.ts");
  const child = Bun.spawn([process.execPath, program, folder, String(port), BUCKET], {
    // It ends with this, however that is done.
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  const { value } = await child.stdout.getReader().read();
  const said = Number(new TextDecoder().decode(value));
  if (!(said > 0)) throw new Error("the S3 server did not start");
  return { child, port: said };
}
