/** Times of one contender, in microseconds. */
export interface Times {
  minimum: number;
  median: number;
  rounds: number;
}

/** Rounds of each contender end after this many, or when it has had its share of time. */
const MOST_ROUNDS = 400;
const SHARE_MS = 1500;
const LEAST_ROUNDS = 3;
const TURNS = 5;
const TURN_MS = 2;

/**
 * Runs the contenders in turn, so that whatever slows the machine down slows all of them, and times each round. The
 * first rounds of all are not counted: they are the compiler's.
 */
export async function measureInTurn<Name extends string>(
  contenders: Record<Name, () => unknown>,
  warmRounds = 50,
): Promise<Record<Name, Times>> {
  const names = Object.keys(contenders) as Name[];
  const samples = new Map<Name, number[]>(names.map((name) => [name, []]));
  const spent = new Map<Name, number>(names.map((name) => [name, 0]));
  const isDone = (name: Name, most: number): boolean =>
    (samples.get(name)?.length ?? 0) >= most ||
    ((spent.get(name) ?? 0) > SHARE_MS && (samples.get(name)?.length ?? 0) >= LEAST_ROUNDS);

  for (const most of [warmRounds, MOST_ROUNDS]) {
    for (const name of names) {
      samples.set(name, []);
      spent.set(name, 0);
    }
    for (let left = names; left.length > 0; left = left.filter((name) => !isDone(name, most))) {
      for (const name of left) {
        // A few times, for the one before has left the caches full of its own.
        for (let turn = 0, turnMs = 0; turn < TURNS && turnMs < TURN_MS; turn++) {
          const start = performance.now();
          contenders[name]();
          const time = performance.now() - start;
          turnMs += time;
          samples.get(name)?.push(time * 1000);
          spent.set(name, (spent.get(name) ?? 0) + time);
        }
      }
      await Bun.sleep(0);
    }
  }
  return Object.fromEntries(names.map((name) => [name, summary(samples.get(name) ?? [])])) as Record<Name, Times>;
}

function summary(samples: number[]): Times {
  const sorted = samples.toSorted((a, b) => a - b);
  return { minimum: sorted[0] ?? 0, median: sorted[sorted.length >> 1] ?? 0, rounds: sorted.length };
}
