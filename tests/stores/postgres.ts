/**
 * A real PostgreSQL for tests: one private cluster for each test process, in a directory of its own, and a database for
 * whoever asks. A shell guards it: it ends the cluster and removes the directory when this process is gone, however it went.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { migrate } from "../../server/store/migrate.ts";
import { openStore } from "../../server/store/open.ts";

const VERSIONS = "/usr/lib/postgresql";

/** Why there can be none here, undefined where there can. */
export const unavailable: string | undefined = existsSync(VERSIONS)
  ? undefined
  : "PostgreSQL is not installed; `bun build.ts setup` does it";

/** A database of its own. */
export interface TestDatabase extends AsyncDisposable {
  url: string;
}

/** A migrated database without any data. The first one takes the seconds that a cluster takes to start. */
export async function migratedDatabase(): Promise<TestDatabase> {
  const { cluster, free } = await sharedCluster();
  const one = free.pop() ?? (await pristine(cluster));
  return {
    url: one.url,
    async [Symbol.asyncDispose]() {
      await one.reset();
      free.push(one);
    },
  };
}

/** A database without a schema. */
export async function emptyDatabase(): Promise<TestDatabase> {
  const { admin, url } = (await sharedCluster()).cluster;
  const name = newName();
  await admin.unsafe(`create database ${name}`);
  return {
    url: url(name),
    [Symbol.asyncDispose]: async () => void (await admin.unsafe(`drop database ${name} with (force)`)),
  };
}

/** A cluster that a test can kill. */
export interface Cluster extends AsyncDisposable {
  admin: postgres.Sql;
  url(database: string): string;
  /** All of its processes at once, like a power cut. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

/** Starts a cluster. Root starts it as the user postgres, whom Debian's package makes. */
export async function startCluster(): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), "fangs-postgres-"));
  if (isRoot) run(["chown", "postgres", folder]);
  const data = join(folder, "data");
  const locale = ["-E", "UTF8", "--locale=C"];
  run([...asPostgres, program("initdb"), "-D", data, "-A", "trust", "-U", "fangs", "--no-sync", ...locale]);
  const port = freePort();
  const settings = ["fsync=off", "full_page_writes=off", "max_connections=200"].flatMap((setting) => ["-c", setting]);
  const address = ["-p", String(port), "-h", "127.0.0.1", "-k", folder];
  const guardian = Bun.spawn(
    ["setsid", "sh", "-c", GUARD, folder, ...asPostgres, program("postgres"), "-D", data, ...address, ...settings],
    { stdin: "pipe", stdout: "ignore", stderr: "ignore" },
  );
  const url = (database: string): string => `postgres://fangs@127.0.0.1:${port}/${database}`;
  const admin = postgres(url("postgres"), { max: 1, connect_timeout: 2, backoff: () => 0.05, onnotice: () => {} });

  async function start(): Promise<void> {
    guardian.stdin.write("\n");
    await guardian.stdin.flush();
    const deadline = performance.now() + 60_000;
    for (;;) {
      try {
        return void (await admin`select 1`);
      } catch (error) {
        if (performance.now() > deadline) throw new Error(readFileSync(join(folder, "log"), "utf8"), { cause: error });
        await Bun.sleep(50);
      }
    }
  }

  await start();
  return {
    admin,
    url,
    start,
    async kill() {
      const postmaster = Number(readFileSync(join(data, "postmaster.pid"), "utf8").split("\n")[0]);
      const all = [postmaster, ...childrenOf(postmaster)];
      for (const pid of all) kill(pid);
      while (all.some(isAlive)) await Bun.sleep(10);
    },
    async [Symbol.asyncDispose]() {
      await admin.end({ timeout: 1 });
      await guardian.stdin.end();
      await guardian.exited;
    },
  };
}

// --- internal ---

/** Each line starts the server; the end of the input, which comes with the end of the writer, ends everything. */
const GUARD = `
while read -r _; do "$@" >> "$0/log" 2>&1 & server=$!; done
kill -QUIT "$server"; wait "$server"; rm -rf "$0"`;

const isRoot = process.getuid?.() === 0;
const asPostgres = isRoot ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] : [];

interface Pristine {
  url: string;
  reset(): Promise<void>;
}

interface Shared {
  cluster: Cluster;
  /** Databases that were used and are as new: to empty one takes a fiftieth of the time that a new one takes. */
  free: Pristine[];
}

/** Of all files of this process, wherever its modules are loaded again. */
const SHARED = Symbol.for("fangs.tests.postgres");
const store = globalThis as { [SHARED]?: Promise<Shared> };

function sharedCluster(): Promise<Shared> {
  return (store[SHARED] ??= startCluster().then((cluster) => ({ cluster, free: [] })));
}

/** A migrated database that can be put back to what it was then. */
async function pristine({ admin, url }: Cluster): Promise<Pristine> {
  const name = newName();
  await admin.unsafe(`create database ${name}`);
  const db = openStore(url(name));
  await migrate(db);
  await db.close();
  const own = postgres(url(name), { max: 1, onnotice: () => {} });
  const rows = await own<{ name: string }[]>`select tablename as name from pg_tables where schemaname = 'public'`;
  const script = (text: (table: string) => string): string => rows.map((row) => text(row.name)).join(";");
  await own.unsafe(`create schema pristine; ${script((table) => `create table pristine.${table} as table ${table}`)}`);
  return {
    url: url(name),
    async reset() {
      await own`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name} and pid <> pg_backend_pid()`;
      // Without the triggers of foreign keys the order of the tables does not matter.
      await own.unsafe(`set session_replication_role = replica; ${script((table) => `delete from ${table}`)};
        ${script((table) => `insert into ${table} select * from pristine.${table}`)}`);
    },
  };
}

function newName(): string {
  return `test_${crypto.randomUUID().replaceAll("-", "")}`;
}

/** A program of the newest version that is installed. */
function program(name: string): string {
  const newest = readdirSync(VERSIONS).sort((a, b) => Number(b) - Number(a))[0] ?? "";
  return join(VERSIONS, newest, "bin", name);
}

function run(command: string[]): void {
  // Not in a directory that the user postgres may not enter.
  const { exitCode, stderr } = Bun.spawnSync(command, { cwd: "/", stdout: "ignore", stderr: "pipe" });
  if (exitCode !== 0) throw new Error(`${command.join(" ")} ended with ${exitCode}:\n${stderr}`);
}

function childrenOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  return children === "" ? [] : children.split(" ").map(Number);
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}

function isAlive(pid: number): boolean {
  try {
    // A zombie is dead; only its parent has not looked yet.
    return !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
}

function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}
