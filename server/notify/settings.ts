/** What telling people needs to know of the place where the server runs. */
import { createSignal, type Signal } from "../signal.ts";
import { systemLookup, type Lookup } from "./resolve.ts";
import { BACKOFF_MS } from "./retry-after.ts";

export interface NotifySettings {
  /** Fires when a message may be due. */
  due: Signal;
  /** Where people reach the dashboard, e.g. `https://fangs.example`; undefined: messages carry no link. */
  publicUrl: string | undefined;
  /** Files of messages lie below this folder and nowhere else: who may add a notifier may not write to the whole host. */
  filesDir: string;
  environment: Readonly<Record<string, string | undefined>>;
  lookup: Lookup;
  /** Delay before attempt 2, 3, …, ms. */
  backoffMs: readonly number[];
  /** After which an attempt is over, ms. */
  deadlineMs: number;
}

export function notifySettings(
  settings: Pick<NotifySettings, "filesDir"> & Partial<Omit<NotifySettings, "due">>,
): NotifySettings {
  return {
    due: createSignal(),
    publicUrl: undefined,
    environment: process.env,
    lookup: systemLookup,
    backoffMs: BACKOFF_MS,
    deadlineMs: 15_000,
    ...settings,
  };
}
