/** Hunting among ten million fingerprints, through the API of a server that was just started. */
import { Database as Sqlite } from "bun:sqlite";
import { join } from "node:path";
import type { HuntQuery } from "../../../protocol/hunt.ts";
import { median, percentile } from "./figures.ts";
import type { ServerProcess } from "./process.ts";

/** So many runs with so many fingerprints each; a package is run again and again. */
export const HUNTED = { packages: 10_000, runsOfEach: 20, fingerprintsOfEach: 50 } as const;

/** Values that every run shows, that any run may show, that a package has for itself, and that a run has for itself. */
const CORE = 30;
const COMMON = 2000;
const OWN = 8;
const UNIQUE = 2;

/**
 * Fills the tables of an empty, migrated store: 30 behaviours of 50 are in every run, 10 in some, 8 are the package's
 * own, 2 are in that run alone. Answers with the number of fingerprints.
 */
export function fillStore(dataDir: string, size: typeof HUNTED | Record<keyof typeof HUNTED, number> = HUNTED): number {
  const { packages, runsOfEach, fingerprintsOfEach } = size;
  const runs = packages * runsOfEach;
  using raw = new Sqlite(join(dataDir, "fangs.db"));
  raw.run("pragma synchronous = off");
  raw.run("pragma cache_size = -200000");
  const series = (count: number): string =>
    `with recursive series (n) as (select 0 union all select n + 1 from series where n + 1 < ${count})`;
  const firstOwn = COMMON;
  const firstUnique = firstOwn + packages * OWN;
  raw.transaction(() => {
    raw.run(`insert into scan (id, package, version, created_at) values ('s', 'pkg-0', '1.0.0', 0)`);
    raw.run(`insert into run (id, scan_id, package, version, state, attempt, events, deviations, created_at)
      ${series(runs)} select printf('0199%04x-%04x-7000-8000-%012x', n >> 16, n & 65535, n), 's',
      'pkg-' || (n % ${packages}), '1.' || (n / ${packages}) || '.0', 'done', 1, 1000, 0, n from series`);
    raw.run(
      `insert into run_number (number, run_id, at, version, package)
       select rowid, id, created_at, version, package from run order by id`,
    );
    raw.run(`insert into known_name (id, name) ${series(packages)} select n + 1, 'pkg-' || n from series`);
    raw.run(`insert into known_name (id, name) values (${packages + 1}, 'import'), (${packages + 2}, 'installer')`);
    const add = raw.query("insert into known_value (id, category, value, reversed) values (?, ?, ?, ?)");
    const count = firstUnique + runs * UNIQUE;
    for (let id = 0; id < count; id++) {
      const [category, value] = valueOf(id, { firstOwn, firstUnique });
      add.run(id, category, value, value.split("").reverse().join(""));
    }
    const perRun = fingerprintsOfEach - CORE - OWN - UNIQUE;
    raw.run(`insert into sighting (run, value, actor, count, first_event)
      select number, value, ${packages + 1} + value % 2, 1 + value % 9, value % 1000 from (
        select number, n as value from run_number, (${series(CORE)} select n from series)
        union all select number, ${CORE} + ((number * 7919 + n * 197) % ${COMMON - CORE})
          from run_number, (${series(perRun)} select n from series)
        union all select number, ${firstOwn} + ((number - 1) % ${packages}) * ${OWN} + n
          from run_number, (${series(OWN)} select n from series)
        union all select number, ${firstUnique} + (number - 1) * ${UNIQUE} + n
          from run_number, (${series(UNIQUE)} select n from series)
      ) where true order by 1, 2, 3 on conflict do nothing`);
    raw.run(`insert into behaviour (package, value, actor, runs, first_run, last_run)
      select 1 + (run - 1) % ${packages} as owner, value, actor, count(*), min(run), max(run) from sighting
      group by owner, value, actor`);
  })();
  raw.run("pragma wal_checkpoint(truncate)");
  return raw.query<{ n: number }, []>("select count(*) as n from sighting").get()?.n ?? 0;
}

export interface HuntReport {
  fingerprints: number;
  hunts: number;
  /** Milliseconds, as the client waits. */
  p95: number;
  median: number;
  most: number;
  /** Median by what was hunted for. */
  kinds: Record<string, number>;
}

/** Times hunts of every kind in turn; each must find something. */
export async function benchHunt(server: ServerProcess, fingerprints: number, rounds = 30): Promise<HuntReport> {
  const times = new Map<string, number[]>();
  for (let round = 0; round < rounds; round++) {
    for (const [kind, query] of Object.entries(hunts(round))) {
      const start = performance.now();
      const { hits, next } = await server.admin.hunt(query);
      const time = performance.now() - start;
      if (hits.length === 0 && next === null) throw new Error(`nothing was found: ${kind}, ${JSON.stringify(query)}`);
      if (round > 0) times.set(kind, [...(times.get(kind) ?? []), time]);
    }
  }
  const all = [...times.values()].flat();
  return {
    fingerprints,
    hunts: all.length,
    p95: percentile(all, 0.95),
    median: median(all),
    most: Math.max(...all),
    kinds: Object.fromEntries([...times].map(([kind, values]) => [kind, median(values)])),
  };
}

// --- internal ---

function valueOf(id: number, { firstOwn, firstUnique }: { firstOwn: number; firstUnique: number }): [string, string] {
  if (id < firstOwn) {
    if (id % 10 === 0) return ["proc_new_exec", `/usr/bin/tool-${id}`];
    if (id % 10 === 1) return ["net_new_dns", `mirror-${id}.common.example`];
    return ["fs_new_path_read", `/usr/lib/x86_64-linux-gnu/lib-${id}.so.6`];
  }
  if (id < firstUnique) {
    const owner = Math.floor((id - firstOwn) / OWN);
    const which = (id - firstOwn) % OWN;
    if (which === 0) return ["net_new_dns", `api.pkg-${owner}.example`];
    if (which === 1) return ["net_new_https_host", `api.pkg-${owner}.example`];
    if (which === 2) return ["net_new_destination", `10.${owner >> 8}.${owner & 255}.7:443`];
    return ["fs_new_path_write", `<HOME>/.cache/pkg-${owner}/file-${which}`];
  }
  const unique = id - firstUnique;
  return unique % UNIQUE === 0
    ? ["net_new_dns", `x${unique.toString(36)}.edge.example`]
    : ["fs_new_path_read", `/srv/data-${unique.toString(36)}/index.json`];
}

function hunts(round: number): Record<string, HuntQuery> {
  const owner = (round * 331 + 7) % 1000;
  return {
    "a name": { dns: `api.pkg-${owner}.example` },
    "names by their end, few": { dns: `*.pkg-${owner}.example` },
    "names by their end, 200,000": { dns: "*.edge.example" },
    "an address": { ip: `10.${owner >> 8}.${owner & 255}.7` },
    "addresses by their beginning": { ip: `10.${owner >> 8}.*` },
    "a host": { host: `api.pkg-${owner}.example` },
    "paths by their end, 10,000": { path: "*/file-4" },
    "paths by their beginning": { path: `<HOME>/.cache/pkg-${owner}/*` },
    "a path that every run reads": { path: `/usr/lib/x86_64-linux-gnu/lib-${2 + (round % 3)}.so.6` },
    "a program that every run starts": { exec: `tool-${10 * (round % 3)}` },
    "the same in one package": { exec: `tool-${10 * (round % 3)}`, package: `pkg-${owner}` },
    "names by their end, lately": { dns: `*.pkg-${owner}.example`, since: 0 },
    "names by their middle, one page": { dns: `*kg-${owner}.exa*` },
  };
}
