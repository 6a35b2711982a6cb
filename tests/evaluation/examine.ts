/** A server and a runner of their own, and releases of the real registry to try on them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Deviation, Run } from "../../protocol/models.ts";
import { daemon, fangs, freePort } from "../e2e/support.ts";

/** How often a release is submitted until there is a verdict. */
const ATTEMPTS = 2;

export interface Outcome {
  run: Run;
  deviations: Deviation[];
}

export interface Evaluation extends AsyncDisposable {
  /** One run, and its verdict. An inconclusive one is tried again once: a busy machine is no property of a release. */
  examine(name: string, version: string): Promise<Outcome>;
}

/** Starts it; `keep` is the data directory to use and leave, else there is one that goes with it. */
export async function startEvaluation(keep?: string): Promise<Evaluation> {
  await using cleanup = new AsyncDisposableStack();
  const dataDir = keep ?? mkdtempSync(join(tmpdir(), "fangs-evaluation-"));
  if (keep === undefined) cleanup.defer(() => rmSync(dataDir, { recursive: true, force: true }));
  const listen = `127.0.0.1:${freePort()}`;
  const env = { FANGS_DATA_DIR: dataDir, FANGS_SERVER: `http://${listen}` };
  cleanup.use(await daemon(["up", "--listen", listen], env, "fangs is up"));

  const scan = async (name: string, version: string): Promise<Outcome> => {
    const submit = ["scan", "submit", "--package", name, "--version", version, "--watch", "--json", "--timeout", "8m"];
    for (let attempt = 1; ; attempt++) {
      const { stdout, stderr } = await fangs(submit, { env });
      if (stdout !== "") return JSON.parse(stdout);
      if (attempt === ATTEMPTS) throw new Error(`no verdict about ${name} ${version}: ${stderr}`);
    }
  };
  const stack = cleanup.move();
  return {
    async examine(name, version) {
      const first = await scan(name, version);
      return first.run.verdict === "inconclusive" ? scan(name, version) : first;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
