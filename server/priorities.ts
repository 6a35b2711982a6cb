/** Which job goes first: the higher number. Of equal ones the older. */
export const PRIORITY = {
  /** A verdict waits for it. */
  control: 10,
  /** Somebody asked for it; between 0 and 9 they may say. */
  submitted: 5,
  /** A release of a package that somebody chose to watch. */
  watched: 4,
  /** A release that the changes feed told of, of a package that nobody chose. */
  feed: 2,
  /** Seeds are old releases: they are in no hurry. */
  seed: 1,
} as const;
