import { FangsError } from "../../protocol/errors.ts";
import type { Loss } from "../../protocol/models.ts";
import { HEADER, LOSS, PHASE, type PhaseName } from "../../protocol/trace.ts";
import type { Finished, Question, Reply } from "./messages.ts";
import type { Probes } from "./probes.ts";
import { KERNEL_RECORDS, Recorder } from "./recorder.ts";

const SLOTS = 64;
/** A segment of a live run waits no longer than this. */
const LIVE_FLUSH_MS = 50;

interface Run {
  recorder: Recorder;
  start: bigint;
  live: boolean;
  phase: PhaseName;
  namespace: number | undefined;
}

/** The runs of one set of probes: sorts the ring's records to their runs and answers questions. */
export class Session {
  readonly #probes: Probes;
  readonly #emit: (slot: number, segment: Uint8Array, seq: number) => void;
  readonly #runs: (Run | undefined)[] = Array.from({ length: SLOTS });
  #flushed = 0;

  constructor(probes: Probes, emit: (slot: number, segment: Uint8Array, seq: number) => void) {
    this.#probes = probes;
    this.#emit = emit;
  }

  get active(): boolean {
    return this.#runs.some((run) => run !== undefined);
  }

  /** Waits at most `milliseconds` for records and sorts all that are there. */
  pump(milliseconds: number): void {
    this.#probes.wait(milliseconds);
    this.#drain();
    const now = performance.now();
    if (now - this.#flushed < LIVE_FLUSH_MS) return;
    this.#flushed = now;
    for (const run of this.#runs) if (run?.live) run.recorder.flush();
  }

  /** @throws FangsError sensor_unavailable where no slot is free */
  answer(question: Question): Reply {
    switch (question.ask) {
      case "report":
        return { report: this.#probes.report(), log: this.#probes.log() };
      case "start":
        return { slot: this.#start(question.live) };
      case "namespace":
        this.#probes.watchNamespace(question.slot, question.inode);
        this.#run(question.slot).namespace = question.inode;
        return { done: true };
      case "arm":
        this.#arm(question.slot, question.pid, question.root, question.phase);
        return { done: true };
      case "phaseEnd":
        this.#phaseEnd(question);
        return { done: true };
      case "survivors":
        return { survivors: this.#survivors(question.slot, question.pids) };
      case "finish":
        return this.#finish(question.slot);
    }
  }

  #start(live: boolean): number {
    const slot = this.#runs.indexOf(undefined);
    if (slot < 0) throw new FangsError("sensor_unavailable", `The sensor records ${SLOTS} runs already.`);
    const start = this.#probes.now();
    const recorder = new Recorder((segment, seq) => this.#emit(slot, segment, seq));
    this.#runs[slot] = { recorder, start, live, phase: "none", namespace: undefined };
    this.#probes.startRun(slot, start);
    return slot;
  }

  #arm(slot: number, pid: number, root: number, phase: PhaseName): void {
    const run = this.#run(slot);
    this.#drain();
    run.phase = phase;
    run.recorder.marker("phaseBegin", [PHASE[phase]], { ...this.#now(run), process: root });
    this.#probes.arm(slot, pid, root);
    this.#probes.setPhase(slot, run.start, PHASE[phase]);
  }

  /** Whoever is still alive acts in the phase `linger` from now on. */
  #phaseEnd(question: Extract<Question, { ask: "phaseEnd" }>): void {
    const run = this.#run(question.slot);
    this.#drain();
    run.recorder.marker("phaseEnd", [PHASE[question.phase], ...question.values], {
      ...this.#now(run),
      process: question.root,
    });
    run.phase = "linger";
    this.#probes.setPhase(question.slot, run.start, PHASE.linger);
  }

  #survivors(slot: number, pids: number[]): number {
    const run = this.#run(slot);
    this.#drain();
    let found = 0;
    for (const pid of pids) {
      const process = this.#probes.indexOf(slot, pid);
      if (process === undefined) continue;
      run.recorder.marker("survivor", [PHASE[run.phase]], { ...this.#now(run), process });
      found += 1;
    }
    return found;
  }

  /** Stops the recording and settles the account: what the kernel sent against what arrived. */
  #finish(slot: number): Finished {
    const run = this.#run(slot);
    this.#probes.setPhase(slot, run.start, PHASE.none);
    this.#drain();
    const losses: Loss[] = [];
    for (const [record, type] of KERNEL_RECORDS) {
      const sent = this.#probes.count(slot, type, LOSS.none);
      const received = run.recorder.received[type]!;
      if (sent > 0) run.recorder.marker("sent", [type, sent, received], this.#now(run));
      let explained = 0;
      for (const [cause, number] of Object.entries(LOSS)) {
        const count = cause === "none" ? 0 : this.#probes.count(slot, type, number);
        if (count === 0) continue;
        if (number === LOSS.ringFull) explained = count;
        losses.push({ record, cause, count });
        run.recorder.marker("loss", [type, number, count], { ...this.#now(run), text: cause });
      }
      const missing = sent - received - explained;
      if (missing > 0) losses.push({ record, cause: "missing", count: missing });
    }
    run.recorder.flush();
    this.#probes.endRun(slot, run.namespace);
    this.#runs[slot] = undefined;
    return { segments: run.recorder.segments, events: run.recorder.events, losses };
  }

  #drain(): void {
    for (let bytes = this.#probes.drain(); bytes.length > 0; bytes = this.#probes.drain()) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      for (let at = 0; at < bytes.length;) {
        const size = view.getUint32(at + HEADER.size, true);
        const type = view.getUint8(at + HEADER.type);
        this.#runs[view.getUint32(at + HEADER.run, true)]?.recorder.record(bytes.subarray(at, at + size), type);
        at += size;
      }
    }
  }

  #now(run: Run): { time: number; phase: number } {
    return { time: Number(this.#probes.now() - run.start), phase: PHASE[run.phase] };
  }

  #run(slot: number): Run {
    const run = this.#runs[slot];
    if (run === undefined) throw new FangsError("internal", `The sensor has no run in slot ${slot}.`);
    return run;
  }
}
