/** A runner that opens a sandbox, says so, and waits to be killed. */
import { openSandboxHost } from "../../../runner/sandbox/host.ts";
import { TEST_IMAGE } from "./support.ts";

const [runId = "", stateDir = ""] = process.argv.slice(2);
const host = await openSandboxHost({
  image: TEST_IMAGE,
  stateDir,
  registry: { packument: () => Promise.reject(new Error("none")), tarball: () => Promise.reject(new Error("none")) },
  runner: "sandbox-test-child",
});
const sandbox = await host.start({
  runId,
  package: "quiet",
  version: "1.0.0",
  network: "registry",
  before: null,
  lifetimeMs: 120_000,
});
const held = await sandbox.hold({ phase: "import", label: "sleep", argv: ["sleep", "600"], timeoutMs: 600_000 });
void held.release();
process.stdout.write(`${JSON.stringify({ initPid: sandbox.initPid, pid: held.pid })}\n`);
await Bun.sleep(120_000);
