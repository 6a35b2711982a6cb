/** When each task that goes on and on last did its work: a process that lives is not one that works. */
export interface Pulse {
  /** The task has just done its work. */
  beat(task: string): void;
  /** Seconds since each task's last beat. */
  ages(): Map<string, number>;
}

/** @param clock ms that never jump */
export function createPulse(clock: () => number = () => performance.now()): Pulse {
  const last = new Map<string, number>();
  return {
    beat: (task) => void last.set(task, clock()),
    ages: () => new Map(last.entries().map(([task, at]) => [task, (clock() - at) / 1000])),
  };
}
