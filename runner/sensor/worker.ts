/** The thread that owns the probes: nothing else calls the FFI, and its waiting does not stall the runner. */
import { toFangsError } from "../../protocol/errors.ts";
import type { FromWorker, ToWorker } from "./messages.ts";
import { Probes } from "./probes.ts";
import { Session } from "./session.ts";

declare const self: Worker;

/** Long enough to sleep, short enough that a question does not wait: measured 9 % of a core at 230,000 records/s. */
const WAIT_MS = 5;

let probes: Probes | undefined;
let session: Session | undefined;
let pumping = false;

function answer(message: Exclude<ToWorker, { close: true }>): FromWorker {
  try {
    probes ??= new Probes();
    session ??= new Session(probes, (slot, segment, seq) => post({ slot, segment, seq }));
    return { id: message.id, reply: session.answer(message.question) };
  } catch (thrown) {
    const { code, message: text, hint } = toFangsError(thrown);
    return { id: message.id, error: { code, message: text, hint } };
  }
}

function post(message: FromWorker): void {
  if ("segment" in message) self.postMessage(message, [message.segment.buffer as ArrayBuffer]);
  else self.postMessage(message);
}

/** Turns of waiting and sorting, with room for messages between them; ends when no run is left. */
function pump(): void {
  if (session === undefined || !session.active) {
    pumping = false;
    return;
  }
  session.pump(WAIT_MS);
  setTimeout(pump, 0);
}

self.onmessage = (event: MessageEvent<ToWorker>) => {
  const message = event.data;
  if ("close" in message) {
    probes?.[Symbol.dispose]();
    process.exit(0);
  }
  post(answer(message));
  if (!pumping && session?.active) {
    pumping = true;
    pump();
  }
};
