/** The real server as a process of its own, and what it takes of the machine. */
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, createClient } from "../../../protocol/client.ts";

export interface ServerProcess extends AsyncDisposable {
  pid: number;
  url: string;
  dataDir: string;
  adminToken: string;
  admin: Client;
  runner: Client;
  /** Ends it in order; the data stays until it is disposed of. */
  stop(): Promise<void>;
}

export interface Usage {
  /** Of all its threads, user and system together. */
  cpuSeconds: number;
  rssBytes: number;
  /** The most it ever had. */
  peakRssBytes: number;
}

const START_MS = 30_000;

export interface ServeOptions {
  /** How this program is started: the executable, or bun and cli.ts. */
  command: readonly string[];
  /** Where the server looks releases up. */
  registry: string;
  store?: string;
  /** Further flags of `fangs serve`. */
  flags?: readonly string[];
}

/** Starts `fangs serve` on a free port, with a data directory of its own. */
export async function startServerProcess(options: ServeOptions): Promise<ServerProcess> {
  const dataDir = await mkdtemp(join(tmpdir(), "fangs-bench-"));
  const flags = ["serve", "--listen", "127.0.0.1:0", "--data-dir", dataDir, ...(options.flags ?? [])];
  if (options.store !== undefined) flags.push("--store", options.store);
  const child = Bun.spawn([...options.command, ...flags], {
    env: { ...process.env, npm_config_registry: options.registry },
    stdout: "ignore",
    stderr: "pipe",
  });
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    await child.exited;
  };
  try {
    const url = await addressOf(child.stderr);
    const token = async (scope: string) => (await readFile(join(dataDir, `${scope}-token`), "utf8")).trim();
    const adminToken = await token("admin");
    return {
      pid: child.pid,
      url,
      dataDir,
      adminToken,
      admin: createClient({ url, token: adminToken }),
      runner: createClient({ url, token: await token("runner") }),
      stop,
      async [Symbol.asyncDispose]() {
        await stop();
        await rm(dataDir, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await stop();
    await rm(dataDir, { recursive: true, force: true });
    throw error;
  }
}

/** What a process has used so far, of Linux's own accounts. */
export async function usageOf(pid: number): Promise<Usage> {
  const fields = (await readFile(`/proc/${pid}/stat`, "utf8")).split(") ")[1]?.split(" ") ?? [];
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const kib = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0);
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
    rssBytes: kib("VmRSS") * 1024,
    peakRssBytes: kib("VmHWM") * 1024,
  };
}

/** Bytes of the database of a server that has ended. */
export async function databaseBytes(dataDir: string): Promise<number> {
  const sizes = await Promise.all(
    ["fangs.db", "fangs.db-wal"].map((name) =>
      stat(join(dataDir, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

// --- internal ---

/** USER_HZ, which Linux promises to programs. */
const TICKS_PER_SECOND = 100;

/** The address that `fangs serve` says it listens on; what it says later is read and dropped, so that it never waits. */
async function addressOf(stderr: ReadableStream<Uint8Array>): Promise<string> {
  const found = Promise.withResolvers<string>();
  const timer = setTimeout(() => found.reject(new Error(`the server did not start in ${START_MS} ms`)), START_MS);
  void (async () => {
    let text = "";
    for await (const chunk of stderr.pipeThrough(new TextDecoderStream())) {
      if (text.length < 100_000) text += chunk;
      const url = /serving (http:\/\/[^\s",]+)/.exec(text)?.[1];
      if (url !== undefined) found.resolve(url);
    }
    found.reject(new Error(`the server ended: ${text}`));
  })().catch(found.reject);
  return found.promise.finally(() => clearTimeout(timer));
}
