/** A runner as a process that speaks the real API; instead of a sandbox it has recordings. */
import { createClient } from "../../protocol/client.ts";
import { toFangsError } from "../../protocol/errors.ts";
import { Upload } from "../../runner/upload.ts";
import { recordingOf } from "./packages.ts";

const [url = "", token = "", name = ""] = process.argv.slice(2);
const client = createClient({ url, token });

for (;;) {
  try {
    await client.registerRunner({
      name,
      modes: ["registry"],
      image: "x",
      probes: [],
      concurrency: 1,
      version: "2.0.0",
    });
    for (;;) {
      const lease = await client.lease({ runner: name, wait_ms: 2000 });
      if (lease === undefined) continue;
      const { segments, result } = recordingOf(lease.version);
      const given = new AbortController();
      const upload = new Upload(client, lease, given.signal, (error) => given.abort(error));
      const heart = setInterval(() => void beat(lease.run_id, lease.lease, given), 700);
      try {
        await client.heartbeat(lease.run_id, lease.lease);
        for (const [seq, segment] of segments.entries()) {
          // As long as a run is busy with itself.
          await Bun.sleep(Math.random() * 150);
          upload.segment(segment, seq);
        }
        await upload.result(result);
      } finally {
        clearInterval(heart);
      }
    }
  } catch (thrown) {
    process.stderr.write(`${name}: ${toFangsError(thrown).message}\n`);
    await Bun.sleep(200);
  }
}

async function beat(runId: string, lease: string, given: AbortController): Promise<void> {
  await client.heartbeat(runId, lease).catch((thrown: unknown) => {
    if (toFangsError(thrown).code === "lease_lost") given.abort(thrown);
  });
}
