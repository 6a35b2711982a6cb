import { SLASH, find, findSlash } from "./bytes";
import { LIST_RULE, WILDCARD_ANY, WILDCARD_ANY_DEPTH } from "./contract";
import { listEnd, listStart } from "./lists";

// The operator's rules for paths, as normalise-rules.ts compiled them. An entry: size of the pattern, size of the text
// in its place (u16 each), bits that the next field leaves unused (u32), the literal start of the pattern (u64); then the
// pattern and the text, each padded to 8. In a pattern, a byte each stands for `*` and for `**`.
const PATTERN_SIZE: usize = 0;
const TEXT_SIZE: usize = 2;
const HEAD_UNUSED: usize = 4;
const HEAD: usize = 8;
const PATTERN: usize = 16;

/** What applyOperatorRules() puts in the path's place. */
export let operatorText: usize = 0;
export let operatorTextEnd: usize = 0;

/** Whether one of the rules fits the path in its normal form; the first one does. */
export function applyOperatorRules(p: usize, end: usize): bool {
  const last = listEnd(LIST_RULE);
  for (let rule = listStart(LIST_RULE); rule < last;) {
    const pattern = rule + PATTERN;
    const patternEnd = pattern + load<u16>(rule, PATTERN_SIZE);
    const text = (patternEnd + 7) & ~7;
    const textEnd = text + load<u16>(rule, TEXT_SIZE);
    const unused = <u64>load<u32>(rule, HEAD_UNUSED);
    // Bytes behind the path may be looked at here; matches() does not.
    if ((load<u64>(p) ^ load<u64>(rule, HEAD)) << unused == 0 && matches(pattern, patternEnd, p, end)) {
      operatorText = text;
      operatorTextEnd = textEnd;
      return true;
    }
    rule = (textEnd + 7) & ~7;
  }
  return false;
}

/** Component by component; `**` is tried with none, then with one more each time the rest does not fit. */
function matches(pattern: usize, patternEnd: usize, p: usize, end: usize): bool {
  let retryPattern: usize = 0;
  let retry: usize = 0;
  while (true) {
    if (load<u8>(pattern) == WILDCARD_ANY_DEPTH) {
      if (pattern + 1 == patternEnd) return p < end;
      pattern += 2;
      retryPattern = pattern;
      retry = p;
    }
    const componentEnd = find(pattern, patternEnd, SLASH);
    const pieceEnd = findSlash(p, end);
    const isLast = pieceEnd == end;
    if ((componentEnd == patternEnd) == isLast && matchesComponent(pattern, componentEnd, p, pieceEnd)) {
      if (isLast) return true;
      pattern = componentEnd + 1;
      p = pieceEnd + 1;
      continue;
    }
    if (retryPattern == 0) return false;
    retry = findSlash(retry, end) + 1;
    if (retry > end) return false;
    pattern = retryPattern;
    p = retry;
  }
}

function matchesComponent(pattern: usize, patternEnd: usize, p: usize, end: usize): bool {
  let retryPattern: usize = 0;
  let retry: usize = 0;
  while (p < end) {
    if (pattern < patternEnd && load<u8>(pattern) == WILDCARD_ANY) {
      retryPattern = ++pattern;
      retry = p;
    } else if (pattern < patternEnd && load<u8>(pattern) == load<u8>(p)) {
      pattern++;
      p++;
    } else {
      if (retryPattern == 0) return false;
      pattern = retryPattern;
      p = ++retry;
    }
  }
  while (pattern < patternEnd && load<u8>(pattern) == WILDCARD_ANY) pattern++;
  return pattern == patternEnd;
}
