import { type ErrorCode, FangsError } from "../../protocol/errors.ts";
import type { PhaseName } from "../../protocol/trace.ts";
import type { Finished, FromWorker, Question, Reply, ToWorker } from "./messages.ts";
import type { ProbeReport } from "./probes.ts";

export type { Finished } from "./messages.ts";
export type { ProbeReport } from "./probes.ts";

/** One run being recorded. Questions are answered in order; a broken sensor rejects them all. */
export interface Recording {
  /** Everyone in this pid namespace (inode number) belongs to the run, whatever door they came by. */
  watchNamespace(inode: number): Promise<void>;
  /** Records from now on; `pid` (host) is the root of a phase with the index `root` (1..15). */
  arm(pid: number, root: number, phase: PhaseName): Promise<void>;
  /** Marks the end of a phase; values: exit code, signal, timed out, duration in ms. */
  phaseEnd(phase: PhaseName, root: number, values: number[]): Promise<void>;
  /** Marks those of these host pids that belong to the run as survivors; returns how many. */
  survivors(pids: number[]): Promise<number>;
  /** Stops, hands out the last segment and says what was lost. */
  finish(): Promise<Finished>;
}

export interface Sensor extends Disposable {
  report(): Promise<{ probes: ProbeReport[]; log: string }>;
  /** Segments come in order, before `finish` answers. live: as they come, not only when full. */
  record(onSegment: (segment: Uint8Array, seq: number) => void, options?: { live?: boolean }): Promise<Recording>;
}

/** Longer than any answer takes; a worker that is silent for so long is broken. */
const ANSWER_MS = 15_000;

/**
 * Starts the sensor's thread and loads the probes (about 0.2 s).
 *
 * @throws FangsError sensor_unavailable, not_root
 */
export async function openSensor(): Promise<Sensor> {
  // The path is relative to the entry of the executable, where build.ts puts the worker beside it.
  const worker = new Worker(workerPath());
  const waiting = new Map<number, { resolve: (reply: Reply) => void; reject: (error: FangsError) => void }>();
  const listeners = new Map<number, (segment: Uint8Array, seq: number) => void>();
  let nextId = 0;
  let broken: FangsError | undefined;

  const fail = (why: string): void => {
    broken ??= new FangsError("sensor_unavailable", `The sensor's thread ended: ${why}.`, {
      hint: "The run is inconclusive; the runner starts a new sensor for the next one.",
    });
    for (const one of waiting.values()) one.reject(broken);
    waiting.clear();
    worker.terminate();
  };
  worker.onerror = (event) => fail(event.message);
  worker.addEventListener("close", () => fail("it exited"));
  worker.onmessage = (event: MessageEvent<FromWorker>) => {
    const message = event.data;
    if ("segment" in message) {
      listeners.get(message.slot)?.(message.segment, message.seq);
      return;
    }
    const one = waiting.get(message.id);
    waiting.delete(message.id);
    if ("error" in message) {
      const { code, message: text, hint } = message.error;
      one?.reject(new FangsError(code as ErrorCode, text, hint === undefined ? {} : { hint }));
    } else one?.resolve(message.reply);
  };
  const post = (message: ToWorker): void => worker.postMessage(message);

  function ask<T extends Reply>(question: Question): Promise<T> {
    if (broken !== undefined) return Promise.reject(broken);
    return new Promise<T>((resolve, reject) => {
      const id = nextId++;
      const deadline = setTimeout(() => fail("it does not answer"), ANSWER_MS);
      waiting.set(id, {
        resolve: (reply) => {
          clearTimeout(deadline);
          resolve(reply as T);
        },
        reject: (error) => {
          clearTimeout(deadline);
          reject(error);
        },
      });
      post({ id, question });
    });
  }

  async function record(
    onSegment: (segment: Uint8Array, seq: number) => void,
    options: { live?: boolean } = {},
  ): Promise<Recording> {
    const { slot } = await ask<{ slot: number }>({ ask: "start", live: options.live ?? false });
    listeners.set(slot, onSegment);
    return {
      async watchNamespace(inode) {
        await ask({ ask: "namespace", slot, inode });
      },
      async arm(pid, root, phase) {
        await ask({ ask: "arm", slot, pid, root, phase });
      },
      async phaseEnd(phase, root, values) {
        await ask({ ask: "phaseEnd", slot, phase, root, values });
      },
      async survivors(pids) {
        return (await ask<{ survivors: number }>({ ask: "survivors", slot, pids })).survivors;
      },
      async finish() {
        try {
          return await ask<Finished>({ ask: "finish", slot });
        } finally {
          listeners.delete(slot);
        }
      },
    };
  }

  const report = async (): Promise<{ probes: ProbeReport[]; log: string }> => {
    const answer = await ask<{ report: ProbeReport[]; log: string }>({ ask: "report" });
    return { probes: answer.report, log: answer.log };
  };
  try {
    await report(); // loads the probes, or says why it can't
  } catch (error) {
    worker.terminate();
    throw error;
  }
  return {
    report,
    record,
    [Symbol.dispose]: () => {
      if (broken !== undefined) return;
      broken = new FangsError("sensor_unavailable", "The sensor was closed.");
      post({ close: true });
    },
  };
}

/** In the executable the worker lies beside the entry, in a checkout beside this file. */
function workerPath(): string {
  return Bun.main.startsWith("/$bunfs/") ? "./runner/sensor/worker.ts" : new URL("./worker.ts", import.meta.url).href;
}
