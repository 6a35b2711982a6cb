/** The candidate a mistyped word was probably meant to be; undefined where none is close. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  // A third of the word may be wrong, but two letters always: `rnu` is `run`, `deviaton` is `deviation`.
  let best = Math.max(2, Math.floor(word.length / 3)) + 1;
  let found: string | undefined;
  for (const candidate of candidates) {
    const distance = levenshtein(word, candidate);
    // A word that shares no letter with the candidate is another word, however short both are.
    if (distance < best && distance < Math.max(word.length, candidate.length)) {
      best = distance;
      found = candidate;
    }
  }
  return found;
}

/** How many letters must be put in, taken out or replaced to make b of a. */
export function levenshtein(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(replaced, previous[j]! + 1, current[j - 1]! + 1));
    }
    previous = current;
  }
  return previous[b.length]!;
}
