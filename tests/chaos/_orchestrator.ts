/** An orchestrator as a process, with short leases: what takes minutes takes seconds. */
import { compileCore } from "../../differ-wasm/compile.ts";
import { createAnalyser } from "../../server/analysis/analyse.ts";
import { listEvents } from "../../server/analysis/events.ts";
import { processTree } from "../../server/analysis/tree.ts";
import { startServer } from "../../server/app.ts";
import { registry } from "./packages.ts";

const [store = "", dataDir = "", port = ""] = process.argv.slice(2);

const analyse = createAnalyser(await compileCore({ simd: true }));
for (;;) {
  try {
    await startServer({
      ...{ store, dataDir, registry, analyse, listEvents, processTree },
      listen: { hostname: "127.0.0.1", port: Number(port) },
      leaseMs: 3000,
      // A run must not be given up because it had bad luck.
      backoffMs: Array.from({ length: 50 }, () => 200),
      controlMs: 120_000,
      sweepMs: 250,
      requestsPerSecond: 0,
    });
    break;
  } catch (error) {
    // A supervisor starts it again until its database is there.
    process.stderr.write(`${error}\n`);
    await Bun.sleep(300);
  }
}
