/** Telling the other orchestrators that something is there to be done: NOTIFY and LISTEN, on a connection of its own. */
import { createSignal } from "../signal.ts";
import type { Connection, ConnectionEvents } from "./postgres-connection.ts";

/** One channel of Postgres for all that fangs tells; the payload says what and who. */
const CHANNEL = "fangs";
/** How long a broken connection is left alone, how often a living one is looked after, and how long that may take. */
const TIMES = { retryMs: 1000, checkMs: 20_000, answerMs: 10_000 };

export interface Broadcast {
  notify(channel: string): void;
  listen(channel: string, heard: () => void): void;
  close(): Promise<void>;
}

/** What is told may get lost where the connection breaks: listeners are called after that, as if all had been told. */
export function createBroadcast(
  connect: (events: ConnectionEvents) => Connection,
  send: (channel: string, payload: string) => Promise<unknown>,
): Broadcast {
  const self = crypto.randomUUID();
  const listeners: { channel: string; heard: () => void }[] = [];
  const closing = new AbortController();
  const wait = createSignal().wait;
  const unsent = new Set<string>();
  let sending = Promise.resolve();
  let listening: Promise<void> | undefined;

  async function inTime(answer: Promise<unknown>): Promise<void> {
    const late = wait(TIMES.answerMs, closing.signal).then(() => Promise.reject(new Error("there was no answer")));
    await Promise.race([answer, late]);
  }

  function hear(payload: string): void {
    const [channel, sender] = payload.split(" ");
    if (sender === self) return;
    for (const listener of listeners) if (listener.channel === channel) listener.heard();
  }

  async function keepListening(): Promise<void> {
    while (!closing.signal.aborted) {
      const broken = new AbortController();
      const connection = connect({ broken: () => broken.abort(), heard: hear });
      const ended = AbortSignal.any([broken.signal, closing.signal]);
      try {
        await inTime(connection.unsafe(`listen ${CHANNEL}`));
        for (const { heard } of listeners) heard();
        while (!ended.aborted) {
          await wait(TIMES.checkMs, ended);
          if (!ended.aborted) await inTime(connection.unsafe("select 1"));
        }
      } catch {
        // The statements that fail for the same reason say so; whoever waits polls meanwhile.
      }
      await connection.end({ timeout: 0 }).catch(() => {});
      await wait(TIMES.retryMs, closing.signal);
    }
  }

  return {
    notify(channel) {
      // Once for all that is told before it is sent.
      if (unsent.has(channel)) return;
      unsent.add(channel);
      sending = sending.then(async () => {
        unsent.delete(channel);
        await send(CHANNEL, `${channel} ${self}`).catch(() => {});
      });
    },
    listen(channel, heard) {
      listeners.push({ channel, heard });
      listening ??= keepListening();
    },
    async close() {
      closing.abort();
      await Promise.all([listening, sending]);
    },
  };
}
