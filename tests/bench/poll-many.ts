/** How long one round over many watched packages takes, and what it costs. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkPackument } from "../../npm/packument.ts";
import { readNpmConfig } from "../../npm/config.ts";
import { keptTarballs } from "../../server/kept-tarballs.ts";
import { createMetrics } from "../../server/metrics.ts";
import { createSignal } from "../../server/signal.ts";
import { migrate } from "../../server/store/migrate.ts";
import { type Database, openStore } from "../../server/store/open.ts";
import { everything } from "../../server/watcher/news.ts";
import type { WatchServices } from "../../server/watcher/services.ts";
import { watch } from "../../server/watcher/watch.ts";

export interface PollManyOptions {
  /** Watched packages; 10,000 if not given. */
  packages?: number;
  /** Versions in each document; 30 if not given. */
  versions?: number;
  /** One in so many packages has a new release; 100 if not given. */
  newIn?: number;
  /** Requests per second; 200 if not given. */
  rate?: number;
}

export interface PollManyReport {
  packages: number;
  rate: number;
  /** From the start to the last package looked at, and its new release queued and kept. */
  seconds: number;
  /** Of this process, the registry's included, which runs in it: an upper bound. */
  cpuSeconds: number;
  /** Processors, on average. */
  cores: number;
  requests: number;
  /** The most requests in any span of one second, as the registry saw them arrive. */
  busiestSecond: number;
  /** New releases that were queued, and whose tarballs were kept. */
  releases: number;
  /** The same round again, where nothing is new: answers of 304. */
  unchanged: { seconds: number; cpuSeconds: number; cores: number };
}

/** Looks at every package once, and once more where nothing is new. */
export async function pollMany(options: PollManyOptions = {}): Promise<PollManyReport> {
  const { packages = 10_000, versions = 30, newIn = 100, rate = 200 } = options;
  const folder = mkdtempSync(join(tmpdir(), "fangs-poll-"));
  const registry = serveDocuments(versions, newIn);
  const db = openStore(`sqlite:${join(folder, "fangs.db")}`);
  try {
    await migrate(db);
    await addPackages(db, packages, versions);
    const services: WatchServices = {
      ...{ db, metrics: createMetrics(), jobs: createSignal(), watching: createSignal(), now: Date.now },
      tarballs: keptTarballs(join(folder, "tarballs")),
    };
    const npm = readNpmConfig({ environment: { npm_config_registry: registry.url }, files: [] });
    const fresh = Math.ceil(packages / newIn);
    const round = async (complete: () => Promise<boolean>) => {
      await db.query.updateTable("watch").set({ due_at: 0 }).execute();
      return measured(async () => {
        const stop = new AbortController();
        const watching = watch(services, { npm, rate, intervalMs: 86_400_000 }, stop.signal);
        while (!(await complete())) await Bun.sleep(100);
        stop.abort();
        await watching;
      });
    };
    const looked = async () => (await countOf(db, "due")) === 0;
    const first = await round(async () => (await countOf(db, "kept")) === fresh && looked());
    const { requests, busiestSecond } = registry.arrivals();
    const unchanged = await round(looked);
    const releases = await countOf(db, "kept");
    return { packages, rate, ...first, requests, busiestSecond, releases, unchanged };
  } finally {
    await registry.stop();
    await db.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

// --- internal ---

const nameOf = (index: number): string => `package-${index}`;
const tarball = Bun.gzipSync(new Uint8Array(20_000));
const integrity = `sha512-${new Bun.CryptoHasher("sha512").update(tarball).digest("base64")}`;

function serveDocuments(versions: number, newIn: number) {
  const arrived: number[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request): Response {
      arrived.push(performance.now());
      const { pathname, origin } = new URL(request.url);
      if (pathname.endsWith(".tgz")) return new Response(tarball);
      const name = pathname.slice(1);
      const isNew = Number(name.slice(name.lastIndexOf("-") + 1)) % newIn === 0;
      const etag = `"${name}-${isNew}"`;
      if (request.headers.get("if-none-match") === etag) return new Response(null, { status: 304, headers: { etag } });
      return new Response(documentOf(name, versions + Number(isNew), `${origin}/`), { headers: { etag } });
    },
  });
  return {
    url: server.url.href,
    arrivals: () => ({ requests: arrived.length, busiestSecond: busiest(arrived) }),
    stop: () => server.stop(true),
  };
}

function documentOf(name: string, versions: number, url: string): string {
  const releases = Array.from({ length: versions }, (_, i) => {
    const version = `1.${i}.0`;
    const dist = {
      tarball: `${url}${name}/-/${name}-${version}.tgz`,
      integrity,
      signatures: [{ keyid: "k", sig: "s" }],
    };
    return [version, { name, version, dependencies: { lodash: "^4.17.21", debug: "^4.3.4" }, dist }] as const;
  });
  const latest = `1.${versions - 1}.0`;
  return JSON.stringify({ name, "dist-tags": { latest }, versions: Object.fromEntries(releases) });
}

async function addPackages(db: Database, packages: number, versions: number): Promise<void> {
  // Of one tarball, so of one fingerprint, whatever the name.
  const document: unknown = JSON.parse(documentOf("any", versions, "http://registry.test/"));
  const seen = JSON.stringify(everything(checkPackument(document, "any")));
  const tags = JSON.stringify({ latest: `1.${versions - 1}.0` });
  await db.transaction(async (inner) => {
    for (let from = 0; from < packages; from += 500) {
      const names = Array.from({ length: Math.min(500, packages - from) }, (_, i) => nameOf(from + i));
      await inner.query
        .insertInto("package")
        .values(names.map((name) => ({ name, created_at: 0, severities: "{}", seeding: 0 })))
        .execute();
      const rest = { enabled: 1, seen, tags, due_at: 0, rechecks: 0, failures: 0, revision: 0, by_feed: 0 };
      await inner.query
        .insertInto("watch")
        .values(names.map((name) => ({ package: name, ...rest })))
        .execute();
    }
  });
}

async function countOf(db: Database, what: "due" | "kept"): Promise<number> {
  const { n } =
    what === "due"
      ? await db.query
          .selectFrom("watch")
          .select(({ fn }) => fn.countAll<number>().as("n"))
          .where("enabled", "=", 1)
          .where("due_at", "<=", Date.now())
          .executeTakeFirstOrThrow()
      : await db.query
          .selectFrom("release")
          .select(({ fn }) => fn.countAll<number>().as("n"))
          .where("tarball_bytes", "is not", null)
          .executeTakeFirstOrThrow();
  return Number(n);
}

async function measured(work: () => Promise<void>): Promise<{ seconds: number; cpuSeconds: number; cores: number }> {
  const cpu = process.cpuUsage();
  const begun = performance.now();
  await work();
  const seconds = (performance.now() - begun) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const cpuSeconds = (user + system) / 1e6;
  return { seconds, cpuSeconds, cores: cpuSeconds / seconds };
}

/** The most of the moments that lie within one second. */
function busiest(moments: readonly number[]): number {
  let most = 0;
  for (let from = 0, to = 0; to < moments.length; to++) {
    while (moments[to]! - moments[from]! >= 1000) from += 1;
    most = Math.max(most, to - from + 1);
  }
  return most;
}

if (import.meta.main)
  process.stdout.write(
    `${JSON.stringify(await pollMany({ rate: 500, packages: Number(process.argv[2] ?? 10_000) }), null, 2)}\n`,
  );
