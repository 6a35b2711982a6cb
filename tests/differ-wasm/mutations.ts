/** Small defects that someone could make in the core's source, each in one place. */
export interface Mutation {
  /** In assembly/. */
  file: string;
  find: string;
  replace: string;
}

const of = (file: string, ...changes: [find: string, replace: string][]): Mutation[] =>
  changes.map(([find, replace]) => ({ file: `${file}.ts`, find, replace }));

export const MUTATIONS: readonly Mutation[] = [
  ...of(
    "fingerprints",
    ["load<u32>(record, OWNER) == owner && ", ""],
    [" && load<u32>(record, SIZE) == size", ""],
    ["if (same(value, record + HEADER, size)) return record;", "return record;"],
    ["store<u32>(record, seen + 1, COUNT);", "store<u32>(record, seen | 1, COUNT);"],
    ["if (seen == 0) store<u32>(record, id, FIRST);", "store<u32>(record, id, FIRST);"],
    ["records >= recordLimit", "records > recordLimit"],
    ["|| end > topLimit", ""],
    ["store<u64>(slotAt(load<u32>(record, SLOT)), 0);", ""],
    ["store<u32>(lastAppended, remembered, MARK);", "store<u32>(lastAppended, records, MARK);"],
    ["full = baselineFull;", ""],
    ["lastCounted = record;\n  if", "lastCounted = value;\n  if"],
  ),
  ...of("hash", ["tailMask(size & 31)", "tailMask(32)"], ["(((<u64>owner) << 32) | size)", "<u64>size"]),
  ...of(
    "bytes",
    [
      "return !v128.any_true(v128.and(v128.xor(v128.load(a), v128.load(b)), v128.load(tailMask(size))));",
      "return true;",
    ],
    ["i8x16.eq(bytes, i8x16.splat(0x5c))", "i8x16.eq(bytes, i8x16.splat(0x5d))"],
    ["i8x16.splat(10)", "i8x16.splat(9)"],
  ),
  ...of(
    "scan",
    ["if (((slashes << 1) & odd) != 0) return false;", ""],
    ["(hex2 >> 4) | ", ""],
    [" | ((dashes >> 4) & (hex2 >> 5) & (dashes >> 7))", ""],
    ["(dashes >> 7)", "(dashes >> 8)"],
    ["const STEP: usize = 48;", "const STEP: usize = 64;"],
    ["slashes &= inside;", ""],
    ["return lastSlash + 1 < end;", "return true;"],
    ["hex &= inside;", ""],
  ),
  ...of(
    "roots",
    ["modulesAt < modules || ", ""],
    ["return p + size == end || load<u8>(p + size) == SLASH;", "return true;"],
    ["if (nameEnd == end) return UNSURE;", ""],
    ["modulesAt == modules && ", ""],
    ["i > project; i--", "i > project + 1; i--"],
    ["if (first == DOT) return 0;", ""],
  ),
  ...of("pieces", ["if (count) count--;", "count--;"], ["if (length == 0 || ", "if ("]),
  ...of(
    "path",
    ["fold && rootIsPackage", "rootIsPackage"],
    ["isVar(p + 1, 3) || ", ""],
    ["if (load<u8>(p) == LESS) o = putHere(o);", ""],
    ["isNumber(i) && i == 1", "isNumber(i)"],
    ["value = value * 10", "value = value * 11"],
  ),
  ...of(
    "components",
    ["nextPiece == count && isLogs", "isLogs"],
    ["end - start >= 12 && isHex", "end - start >= 11 && isHex"],
    [" && isInModules(i)", ""],
  ),
  ...of(
    "words",
    ["const SHORTEST: usize = 7;", "const SHORTEST: usize = 8;"],
    ["isHex(p, wordEnd) && hasAny(p, wordEnd, DIGIT)", "isHex(p, wordEnd)"],
    ["(size < 12 && p == start)", "(size < 13 && p == start)"],
    ["if (size < 8) return", "if (size < 9) return"],
    ["return wordEnd == end && isAll(p, end, DIGIT);", "return isAll(p, wordEnd, DIGIT);"],
    [" || !isWordEnd(p + UUID_SIZE, end)", ""],
    ["isUuid(next, end) || ", ""],
    ["if (p == start || wordEnd == end", "if (wordEnd == end"],
    [" || load<u8>(wordEnd) != DASH", ""],
    ["if (isWordEnd(p, end)) return p;", ""],
    ["if (zone) return zone;", "return zone;"],
    ["load<u8>(p) == UTC) p++;", "load<u8>(p) == UTC) p += 0;"],
    ["numbers && wordEnd - p >= 2", "numbers && wordEnd - p >= 1"],
    ["wordEnd - p >= 2 && isAll(p, wordEnd, DIGIT)", "wordEnd - p >= 2"],
    ["if (digits - p >= 2) {", "if (digits - p >= 1) {"],
  ),
  ...of("path", ["pieceEnd(temporary), ALL_NUMBERS)", "pieceEnd(temporary), WORD_NUMBERS)"]),
  ...of("random", ["if (end - p < 6) return false;", "if (end - p < 7) return false;"], ["behindDash && ", ""]),
  ...of("names", ["if (p < end && load<u8>(end - 1) == DOT) end--;", ""], ["|| find(o, hostEnd, COLON) < hostEnd", ""]),
  ...of("addresses", ["j - i > gapSize", "j - i >= gapSize"], ["load<u64>(p, 2) == 0 && ", ""]),
  ...of("commands", ["const MOST_TOKENS: u32 = 64;", "const MOST_TOKENS: u32 = 65;"]),
  ...of(
    "allow-list",
    ["if (list == LIST_CIDR) {", "if (false) {"],
    [" || textSize == 1", ""],
    ["only == ALLOW_ANY_ACTOR || only == actor", "true"],
    ["isWildcard ? textSize < size", "isWildcard ? textSize <= size"],
    ["load<u16>(entry, FAMILY) != family || ", ""],
    ["& 0x7fff;", "& 0x7ffe;"],
    ["if (outside == 0) return load<u16>(entry, NUMBER);", "if (outside == 0) return 1;"],
  ),
  ...of("baseline", ["length + 7) & ~7;", "length + 8) & ~7;"]),
  ...of(
    "operator-rules",
    ["(componentEnd == patternEnd) == isLast && ", ""],
    ["retry = findSlash(retry, end) + 1;", "retry = findSlash(retry, end);"],
    ["p = ++retry;", "p = retry;"],
    ["if (pattern + 1 == patternEnd) return p < end;", "if (pattern + 1 == patternEnd) return true;"],
  ),
  ...of(
    "index",
    ["next > end) break;", "next > end + 8) break;"],
    ["if (length > FACT_VALUE_LIMIT) {", "if (length >= FACT_VALUE_LIMIT) {"],
    ["|| load<u32>(a, FACT_PID) != load<u32>(b, FACT_PID)", ""],
  ),
];
