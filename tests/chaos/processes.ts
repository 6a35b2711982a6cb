/** Processes that are killed, hung and started again, each on an address of its own. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { network, type Network } from "./proxy.ts";

export interface Member extends AsyncDisposable {
  name: string;
  /** SIGKILL, and a new process in its place. */
  kill(): Promise<void>;
  /** Stops it in the middle of whatever it does, for a while. */
  hang(ms: number): Promise<void>;
  log(): string;
}

/** A process that is always started again. */
export function member(name: string, args: () => string[]): Member {
  let log = "";
  let child = start();
  function start() {
    const started = Bun.spawn([process.execPath, ...args()], { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
    void (async () => {
      for await (const chunk of started.stderr.pipeThrough(new TextDecoderStream())) log = (log + chunk).slice(-20_000);
    })();
    return started;
  }
  async function end(): Promise<void> {
    child.kill("SIGKILL");
    await child.exited;
  }
  return {
    name,
    async kill() {
      await end();
      child = start();
    },
    async hang(ms) {
      const hung = child;
      hung.kill("SIGSTOP");
      await Bun.sleep(ms);
      hung.kill("SIGCONT");
    },
    log: () => log,
    [Symbol.asyncDispose]: end,
  };
}

/** An orchestrator with a data directory, behind a network of its own to its database. */
export interface Orchestrator extends Member {
  url: string;
  port: number;
  database: Network;
  token(scope: "admin" | "runner"): string;
}

export async function orchestrator(name: string, store: URL): Promise<Orchestrator> {
  const folder = mkdtempSync(join(tmpdir(), "fangs-chaos-"));
  const database = await network(() => Number(store.port));
  const behind = new URL(store);
  behind.port = String(database.port);
  const port = freePort();
  const started = member(name, () => [join(import.meta.dir, "_orchestrator.ts"), behind.href, folder, String(port)]);
  return {
    ...started,
    url: `http://127.0.0.1:${port}`,
    port,
    database,
    token: (scope) => readFileSync(join(folder, `${scope}-token`), "utf8").trim(),
    async [Symbol.asyncDispose]() {
      await started[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A runner, behind a network of its own to its orchestrator. */
export interface Runner extends Member {
  network: Network;
}

export async function runner(name: string, server: Orchestrator): Promise<Runner> {
  const way = await network(() => server.port);
  const args = () => [
    join(import.meta.dir, "_runner.ts"),
    `http://127.0.0.1:${way.port}`,
    server.token("runner"),
    name,
  ];
  const started = member(name, args);
  return {
    ...started,
    network: way,
    async [Symbol.asyncDispose]() {
      await started[Symbol.asyncDispose]();
      await way[Symbol.asyncDispose]();
    },
  };
}

function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}
