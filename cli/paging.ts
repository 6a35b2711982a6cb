import { SEVERITIES } from "../protocol/facts.ts";
import type { Client } from "../protocol/client.ts";
import type { Deviation } from "../protocol/models.ts";

/** What the server gives in one page at most. */
const PAGE = 500;
/** More than anybody reads, and more than a run that is not a flood has. */
const EVERY_DEVIATION = 10_000;

/** A part of a list, and where the next part begins; null: that was all. */
export interface Page<Item, Cursor> {
  items: Item[];
  next: Cursor | null;
}

/** Collects pages until there are `limit` items or no more. `next` is null where nothing was left out. */
export async function collect<Item, Cursor>(
  limit: number,
  page: (limit: number, cursor: Cursor | undefined) => Promise<Page<Item, Cursor>>,
): Promise<Page<Item, Cursor>> {
  const items: Item[] = [];
  let next: Cursor | null | undefined;
  do {
    const part = await page(Math.min(PAGE, limit - items.length), next ?? undefined);
    items.push(...part.items);
    next = part.items.length === 0 ? null : part.next;
  } while (next !== null && items.length < limit);
  return { items, next };
}

/** Like `collect` over the lists of several filters together, the newest first. */
export async function collectNewest<Filter, Item extends { created_at: number }>(
  filters: readonly Filter[],
  limit: number,
  page: (filter: Filter, limit: number, before: string | undefined) => Promise<Page<Item, string>>,
): Promise<Page<Item, string>> {
  const lists = await Promise.all(
    filters.map((filter) => collect<Item, string>(limit, (most, before) => page(filter, most, before))),
  );
  const items = lists.flatMap((list) => list.items).sort((a, b) => b.created_at - a.created_at);
  const next = lists.find((list) => list.next !== null)?.next ?? null;
  return { items: items.slice(0, limit), next: items.length > limit ? "" : next };
}

/** Those of the choices that a repeated flag named; undefined alone, for no filter, where it was not given. */
export function chosen<Choice extends string>(
  choices: readonly Choice[],
  named: readonly string[],
): readonly (Choice | undefined)[] {
  return named.length === 0 ? [undefined] : choices.filter((choice) => named.includes(choice));
}

/** Every deviation of a run, the most severe first, of equal ones the rarest. */
export async function deviationsOf(client: Pick<Client, "deviations">, run: string): Promise<Deviation[]> {
  const { items } = await collect<Deviation, string>(EVERY_DEVIATION, async (limit, before) => {
    const { deviations, next } = await client.deviations({ run, limit, ...given({ before }) });
    return { items: deviations, next };
  });
  return items.sort(
    (a, b) =>
      SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity) ||
      a.other_packages - b.other_packages ||
      compare(identity(a), identity(b)),
  );
}

/** The values that are there: an optional property of a query is left out, not undefined. */
export function given<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> };
export function given(values: object): object {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

// --- internal ---

function identity({ actor, category, value }: Deviation): string {
  return [actor, category, value].join("\0");
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
