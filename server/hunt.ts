/** Hunting: which packages ever did something, answered from the fingerprints of every run. */
import { type Static, Type } from "@sinclair/typebox";
import { fits } from "../protocol/fits.ts";
import { FangsError } from "../protocol/errors.ts";
import { HUNT_KINDS, type HuntHit, type HuntPage, type HuntQuery } from "../protocol/hunt.ts";
import { type Glob, parseGlob } from "./glob.ts";
import { type Look, looksFor } from "./hunt-kinds.ts";
import { reverse } from "./store/fingerprints.ts";
import {
  BEGINNING,
  type Candidate,
  findName,
  findValue,
  firstSince,
  type Group,
  type GroupFilter,
  listGroups,
  listVersionsOf,
  type Place,
  readNames,
  readRuns,
  readWindow,
  type Stretch,
  valueAt,
} from "./store/hunt.ts";
import type { Database } from "./store/open.ts";

/**
 * One page of hits, in the order of the index that answers the pattern.
 *
 * @throws FangsError usage where not exactly one kind is given, or another parameter is none
 */
export async function hunt(db: Database, query: HuntQuery): Promise<HuntPage> {
  const [kind, ...others] = HUNT_KINDS.filter((one) => query[one] !== undefined);
  const pattern = kind && query[kind];
  if (kind === undefined || pattern === undefined || others.length > 0) {
    throw new FangsError("usage", `A hunt is for exactly one of ${HUNT_KINDS.join(", ")}.`, {
      hint: "For example dns=*.evil.example.",
    });
  }
  const filter = await readFilter(db, query);
  if (filter === undefined) return { hits: [], next: null };
  const page: Page = { db, filter, limit: query.limit ?? LIMIT, found: [], left: LOOKED_AT };
  const from = query.after === undefined ? undefined : readCursor(query.after);
  const looks = await looksFor(db, kind, pattern);
  const start = from === undefined ? 0 : looks.findIndex(({ category }) => category === from.category);
  if (start < 0) throw noCursor();
  for (const [i, look] of looks.slice(start).entries()) {
    const next = await lookThrough(page, look, i === 0 ? from : undefined);
    if (next !== undefined) return { hits: await complete(page), next: writeCursor(next) };
  }
  return { hits: await complete(page), next: null };
}

// --- internal ---

/** Values that are read at once: mostly the first ones have hits enough. */
const WINDOWS = [250, 2500, 20_000];
/** Values that one page looks at: a pattern that begins and ends with `*` has no index that leads it to its hits. */
const LOOKED_AT = 50_000;
const LIMIT = 100;
/** Values whose groups are asked for together. */
const TOGETHER = 50;

interface Page {
  db: Database;
  filter: GroupFilter;
  limit: number;
  found: Found[];
  /** How many values may still be looked at. */
  left: number;
}

interface Found extends Group {
  category: string;
  candidate: Candidate;
}

/** Where the next page begins: behind a group of a value, or behind a value. */
const Cursor = Type.Object({
  category: Type.String(),
  key: Type.String(),
  id: Type.Integer(),
  group: Type.Optional(Type.Object({ package: Type.Integer(), actor: Type.Integer() })),
});
type Cursor = Static<typeof Cursor>;

/** Undefined: there can be no hit. */
async function readFilter(db: Database, query: HuntQuery): Promise<GroupFilter | undefined> {
  const named = query.package === undefined ? undefined : await findName(db, query.package);
  if (query.package !== undefined && named === undefined) return undefined;
  const since = query.since === undefined ? undefined : await firstSince(db, query.since);
  if (query.since !== undefined && since === undefined) return undefined;
  return { package: named, since, actor: query.actor === undefined ? undefined : actorFilter(query.actor) };
}

function actorFilter(pattern: string): NonNullable<GroupFilter["actor"]> {
  const { exact, prefix } = parseGlob(pattern);
  if (exact) return { name: pattern };
  if (pattern === `${prefix}*`) return { beginning: prefix };
  throw new FangsError("usage", "An actor is given by its name, or by how names begin and a `*` at the end.", {
    hint: "For example import, or script:*.",
  });
}

/** Answers where the page is full; undefined where all of it was looked through. */
async function lookThrough(
  page: Page,
  { category, glob }: Look,
  from: Cursor | undefined,
): Promise<Cursor | undefined> {
  if (glob.exact) {
    const only = await findValue(page.db, category, glob.prefix);
    return only && takeGroups(page, category, [only], from?.group);
  }
  const stretch = stretchOf(category, glob);
  let place: Place | undefined = from;
  if (from?.group !== undefined) {
    const unfinished = await valueAt(page.db, from);
    const full = unfinished && (await takeGroups(page, category, [unfinished], from.group));
    if (full !== undefined) return full;
  }
  for (let window = 0; page.left > 0; window++) {
    const size = WINDOWS[window] ?? WINDOWS.at(-1) ?? 1;
    const { candidates, next } = await readWindow(page.db, stretch, place, size);
    const matching = candidates.filter(({ value }) => glob.matches(value));
    const full = await takeGroups(page, category, matching);
    if (full !== undefined || next === null) return full;
    page.left -= size;
    place = next;
  }
  return { category, key: place?.key ?? "", id: place?.id ?? 0 };
}

/** The index that narrows the pattern down the most. */
function stretchOf(category: string, { prefix, suffix, longest }: Glob): Stretch {
  const end = suffix.length > prefix.length ? "back" : "front";
  const [beginning, own] = end === "back" ? [reverse(suffix), suffix] : [prefix, prefix];
  const cut = [...beginning].slice(0, BEGINNING).join("");
  return { category, end, beginning: cut, text: longest === own && cut === beginning ? "" : longest };
}

/** Takes the groups of the values in their order, of the first one those behind `after`, until the page is full. */
async function takeGroups(
  page: Page,
  category: string,
  values: readonly Candidate[],
  after?: GroupFilter["after"],
): Promise<Cursor | undefined> {
  for (let at = 0; at < values.length; at += TOGETHER) {
    const some = values.slice(at, at + TOGETHER);
    const most = page.limit - page.found.length + 1;
    const read = (ids: number[]): Promise<Group[]> => listGroups(page.db, ids, { ...page.filter, after }, most);
    const all = await read(some.map(({ id }) => id));
    // Cut off, they are those of the lowest numbers, and not those of the first values.
    const isCut = all.length === most && some.length > 1;
    for (const candidate of some) {
      const groups = isCut ? await read([candidate.id]) : all.filter(({ value }) => value === candidate.id);
      for (const group of groups) {
        if (page.found.length === page.limit) return behindLast(page);
        page.found.push({ ...group, category, candidate });
      }
    }
  }
  return undefined;
}

function behindLast({ found }: Page): Cursor | undefined {
  const last = found.at(-1);
  if (last === undefined) return undefined;
  const { category, candidate, package: owner, actor } = last;
  return { category, key: candidate.key, id: candidate.id, group: { package: owner, actor } };
}

async function complete({ db, found }: Page): Promise<HuntHit[]> {
  const names = await readNames(
    db,
    found.flatMap((group) => [group.package, group.actor]),
  );
  const runs = await readRuns(
    db,
    found.flatMap(({ first, last }) => [first, last]),
  );
  const hits: HuntHit[] = [];
  for (const group of found) {
    const [first, last] = [runs.get(group.first), runs.get(group.last)];
    if (first === undefined || last === undefined) continue; // its run was deleted meanwhile
    hits.push({
      category: group.category,
      value: group.candidate.value,
      package: names.get(group.package) ?? "",
      actor: names.get(group.actor) ?? "",
      runs: group.runs,
      versions: group.runs === 1 ? [last.version] : await listVersionsOf(db, group),
      first,
      last,
    });
  }
  return hits;
}

function writeCursor(cursor: Cursor): string {
  return Buffer.from(JSON.stringify(cursor)).toString("base64url");
}

function readCursor(text: string): Cursor {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, "base64url").toString());
    if (fits(Cursor, value)) return value;
  } catch {
    // no JSON
  }
  throw noCursor();
}

function noCursor(): FangsError {
  return new FangsError("usage", "That is no place where a page of this hunt begins.", {
    hint: "`after` is the `next` of a page with the same parameters.",
  });
}
