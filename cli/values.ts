import { FangsError } from "../protocol/errors.ts";

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * A length of time such as `90s`, `5m` or `1h30m`, in milliseconds.
 *
 * @throws FangsError usage
 */
export function parseDuration(text: string): number {
  const parts = [...text.matchAll(/(\d{1,9})(ms|[smhd])/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== text)
    throw new FangsError("usage", `"${text}" is not a length of time.`, {
      hint: "Write for example 90s, 5m or 1h30m.",
    });
  let sum = 0;
  for (const [, amount, unit] of parts) sum += Number(amount) * UNITS[unit!]!;
  return sum;
}

const BYTES: Readonly<Record<string, number>> = {
  "": 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/**
 * A size such as `50GB` or `512MiB`, in bytes.
 *
 * @throws FangsError usage
 */
export function parseBytes(text: string): number {
  const [, amount, unit = ""] = /^(\d{1,12})([KMGT]i?B)?$/.exec(text) ?? [];
  const size = Number(amount) * (BYTES[unit] ?? Number.NaN);
  if (Number.isSafeInteger(size)) return size;
  throw new FangsError("usage", `"${text}" is not a size.`, { hint: "Write for example 50GB or 512MiB." });
}

/**
 * A limit: a whole number from 1 to 100,000.
 *
 * @throws FangsError usage
 */
export function parseLimit(text: string): number {
  const number = parseCount(text);
  if (number >= 1 && number <= 100_000) return number;
  throw new FangsError("usage", `"${text}" is not a limit from 1 to 100000.`);
}

/**
 * A whole number, 0 or more.
 *
 * @throws FangsError usage
 */
export function parseCount(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new FangsError("usage", `"${text}" is not a whole number.`);
}

/**
 * A moment as ms UTC: a length of time before now, or a date such as `2026-01-31` or `2026-01-31T12:00:00Z`.
 *
 * @throws FangsError usage
 */
export function parseSince(text: string, now: number): number {
  if (/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?Z)?$/.test(text)) {
    const moment = Date.parse(text);
    if (!Number.isNaN(moment)) return Math.max(0, moment);
  }
  if (/^\d+[smhd]/.test(text)) return Math.max(0, now - parseDuration(text));
  throw new FangsError("usage", `"${text}" is no moment.`, {
    hint: "Write for example 7d, 2026-01-31 or 2026-01-31T12:00:00Z.",
  });
}
