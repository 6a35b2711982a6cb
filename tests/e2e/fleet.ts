/** A fleet of real parts on one host: a Postgres of its own, two orchestrators, and runners with Docker and a sensor each. */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Client, createClient } from "../../protocol/client.ts";
import { type Database, openStore } from "../../server/store/open.ts";
import { type Network, network } from "../chaos/proxy.ts";
import { startCluster } from "../stores/postgres.ts";
import { type Daemon, daemon, freePort, type Intercept, place, type Place } from "./support.ts";

/** How often the orchestrators of a fleet look at each package. */
export const WATCH_INTERVAL_MS = 3000;

export interface Orchestrator {
  name: string;
  port: number;
  /** The process that is there now. */
  process(): Daemon;
  client: Client;
  runnerToken: string;
  /** Whether new connections are led here. */
  isServing: boolean;
  start(): Promise<void>;
}

export interface Fleet extends AsyncDisposable {
  here: Place;
  /** The fleet's database, looked at past its orchestrators. */
  db: Database;
  servers: [Orchestrator, Orchestrator];
  /** Starts a runner that is led to a server that serves, this one if it does. */
  runner(name: string, server: Orchestrator, ...args: string[]): Promise<Daemon & { network: Network }>;
  /** The orchestrator that has the task, and the other one. */
  leader(task: string): Promise<[Orchestrator, Orchestrator]>;
}

/** @param intercept answers in the registry's place, or only listens; see `startLocalRegistry` */
export async function startFleet(intercept?: Intercept): Promise<Fleet> {
  await using stack = new AsyncDisposableStack();
  const here = stack.use(place(intercept));
  const cluster = stack.use(await startCluster());
  await cluster.admin.unsafe("create database fangs");
  const store = cluster.url("fangs");
  // Beside each other, as their supervisors would: both want to migrate.
  const starting = [orchestrator("one", here, store), orchestrator("two", here, store)] as const;
  for (const one of starting) {
    stack.defer(() =>
      one.then(
        ({ process }) => end(process()),
        () => undefined,
      ),
    );
  }
  const servers = await Promise.all(starting);
  const db = openStore(store);
  stack.defer(() => db.close());
  const rest = stack.move();

  return {
    ...{ here, db, servers },
    async runner(name, server, ...args) {
      const way = rest.use(await network(() => (server.isServing ? server : other(servers, server)).port));
      const own = join(here.dataDir, name);
      mkdirSync(own);
      const env = {
        ...here.env,
        FANGS_DATA_DIR: own,
        FANGS_SERVER: `http://127.0.0.1:${way.port}`,
        FANGS_TOKEN: server.runnerToken,
      };
      const started = await daemon(["runner", "--runner-id", name, ...args], env, "waits for jobs");
      rest.defer(() => end(started));
      return { ...started, network: way };
    },
    async leader(task) {
      for (let look = 0; look < 600; look++) {
        const row = await db.query.selectFrom("leader").select("holder").where("name", "=", task).executeTakeFirst();
        const leading = servers.find((one) => row?.holder.split(":")[1] === String(one.process().pid));
        if (leading !== undefined) return [leading, other(servers, leading)];
        await Bun.sleep(50);
      }
      throw new Error(`nobody took the task ${task}`);
    },
    [Symbol.asyncDispose]: () => rest.disposeAsync(),
  };
}

/** Goes on after a SIGSTOP, and ends. */
export async function end(one: Daemon): Promise<void> {
  try {
    process.kill(one.pid, "SIGCONT");
  } catch {
    return; // it has ended
  }
  await one.stop();
}

// --- internal ---

function other<T>([one, two]: readonly [T, T], not: T): T {
  return not === one ? two : one;
}

async function orchestrator(name: string, here: Place, store: string): Promise<Orchestrator> {
  const dataDir = join(here.dataDir, name);
  const port = freePort();
  const interval = `${WATCH_INTERVAL_MS}ms`;
  const args = ["serve", "--listen", `127.0.0.1:${port}`, "--store", store, "--poll-interval", interval];
  const start = (): Promise<Daemon> => daemon(args, { ...here.env, FANGS_DATA_DIR: dataDir }, "serving");
  let current = await start();
  const token = (scope: string): string => readFileSync(join(dataDir, `${scope}-token`), "utf8").trim();
  const self: Orchestrator = {
    ...{ name, port, isServing: true, runnerToken: token("runner") },
    client: createClient({ url: `http://127.0.0.1:${port}`, token: token("admin") }),
    process: () => current,
    async start() {
      current = await start();
      self.isServing = true;
    },
  };
  return self;
}
