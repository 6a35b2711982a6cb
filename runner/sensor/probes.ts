import { readFileSync } from "node:fs";
import { FangsError } from "../../protocol/errors.ts";
import { LOSS_CAUSE_COUNT, RECORD_TYPE_COUNT } from "../../protocol/trace.ts";
import { BPF_OBJECT } from "./embedded.ts";
import { type Native, cString, openNative } from "./native.ts";
import { syscallProbes } from "./syscalls.ts";

/** One BPF program: loaded (a handler), attached, or refused with its errno. */
export interface ProbeReport {
  name: string;
  state: "loaded" | "attached" | "load_failed" | "attach_failed";
  errno: number;
}

/** Bytes that one drain can return. */
const DRAIN_SIZE = 1 << 20;
const RUN_STATE_SIZE = 16;
/** A run needs these; without one of them nothing would be seen, and saying nothing would be a lie. */
const REQUIRED = ["on_syscall", "on_fork", "on_exec", "on_exit", "on_open", "on_connect", "on_send"];

/**
 * The loaded and attached probes of this host. Owned by one thread; every call is a few microseconds.
 * Buffers handed to FFI are made from ArrayBuffers that live as long as this: Bun's JIT moves small typed arrays.
 */
export class Probes {
  readonly #native: Native;
  readonly #handle: NonNullable<ReturnType<Native["sensor_open"]>>;
  readonly #maps: Record<"runs" | "indexes" | "processes" | "namespaces" | "shapes" | "handlers" | "counters", number>;
  readonly #key = new Uint32Array(new ArrayBuffer(4));
  readonly #word = new Uint32Array(new ArrayBuffer(4));
  readonly #pair = new Uint32Array(new ArrayBuffer(8));
  readonly #counter = new BigUint64Array(new ArrayBuffer(8));
  readonly #state = new DataView(new ArrayBuffer(RUN_STATE_SIZE));
  readonly #stateBytes = new Uint8Array(this.#state.buffer);
  readonly #drained = new Uint8Array(new ArrayBuffer(DRAIN_SIZE));

  /** @throws FangsError sensor_unavailable, not_root */
  constructor() {
    this.#native = openNative();
    const image = readFileSync(BPF_OBJECT);
    const handle = this.#native.sensor_open(image, image.length);
    if (handle === null) throw this.#unavailable("The probes could not be read.");
    this.#handle = handle;
    const refused = this.#native.sensor_load(handle);
    if (refused < 0) throw this.#unavailable(`The kernel refused the probes (error ${-refused}).`);
    const map = (name: string) => this.#native.sensor_map(handle, cString(name));
    this.#maps = {
      runs: map("runs"),
      indexes: map("indexes"),
      processes: map("processes"),
      namespaces: map("namespaces"),
      shapes: map("shapes"),
      handlers: map("handlers"),
      counters: map("counters"),
    };
    this.#fillDispatcher();
    this.#check(this.#native.sensor_ring_open(handle, cString("ring")), "map the ring buffer");
    this.#native.sensor_attach(handle);
    const broken = this.report().filter((probe) => REQUIRED.includes(probe.name) && probe.state.endsWith("failed"));
    if (broken.length > 0) {
      throw this.#unavailable(`The kernel refused required probes: ${broken.map((probe) => probe.name).join(", ")}.`);
    }
  }

  report(): ProbeReport[] {
    const text = new Uint8Array(new ArrayBuffer(16384));
    const length = this.#native.sensor_report(this.#handle, text, text.length);
    const lines = new TextDecoder().decode(text.subarray(0, length)).trimEnd().split("\n");
    return lines.map((line) => {
      const [name = "", state = "", errno = "0"] = line.split(" ");
      return { name, state: state as ProbeReport["state"], errno: Number(errno) };
    });
  }

  /** libbpf's warnings: why the kernel refused a program. */
  log(): string {
    const text = new Uint8Array(new ArrayBuffer(65536));
    return new TextDecoder().decode(text.subarray(0, this.#native.sensor_log(text, text.length)));
  }

  /** The probes' clock, ns. */
  now(): bigint {
    return this.#native.sensor_now();
  }

  /** Opens a slot, its counters zero; nothing is recorded before a phase is set. */
  startRun(slot: number, start: bigint): void {
    this.setPhase(slot, start, 0);
    this.#forgetProcesses(slot);
    this.#counter[0] = 0n;
    for (let i = 0; i < RECORD_TYPE_COUNT * LOSS_CAUSE_COUNT; i++) {
      this.#key[0] = slot * RECORD_TYPE_COUNT * LOSS_CAUSE_COUNT + i;
      this.#check(this.#native.sensor_update(this.#maps.counters, this.#key, this.#counter), "clear a counter");
    }
    this.#key[0] = slot;
    this.#word[0] = 0;
    this.#check(this.#native.sensor_update(this.#maps.indexes, this.#key, this.#word), "open a run");
  }

  /** Sets the phase that records of this run carry; 0 stops the recording. */
  setPhase(slot: number, start: bigint, phase: number): void {
    this.#key[0] = slot;
    this.#state.setBigUint64(0, start, true);
    this.#state.setUint32(8, phase, true);
    this.#check(this.#native.sensor_update(this.#maps.runs, this.#key, this.#stateBytes), "write a run");
  }

  /** Makes a process (host pid) the root of a phase: it and its descendants belong to the run from now on. */
  arm(slot: number, pid: number, root: number): void {
    this.#key[0] = pid;
    this.#pair[0] = slot;
    this.#pair[1] = root;
    this.#check(this.#native.sensor_update(this.#maps.processes, this.#key, this.#pair), "watch a process");
  }

  /** Dense index of a watched host process; undefined for one that is not of this run. */
  indexOf(slot: number, pid: number): number | undefined {
    this.#key[0] = pid;
    if (this.#native.sensor_lookup(this.#maps.processes, this.#key, this.#pair) !== 0) return undefined;
    return this.#pair[0] === slot ? this.#pair[1] : undefined;
  }

  /** Whoever turns up in this pid namespace belongs to the run. */
  watchNamespace(slot: number, inode: number): void {
    this.#key[0] = inode;
    this.#word[0] = slot;
    this.#check(this.#native.sensor_update(this.#maps.namespaces, this.#key, this.#word), "watch a namespace");
  }

  /** Closes a slot: its processes are no longer watched. */
  endRun(slot: number, namespace: number | undefined): void {
    this.setPhase(slot, 0n, 0);
    if (namespace !== undefined) {
      this.#key[0] = namespace;
      this.#native.sensor_delete(this.#maps.namespaces, this.#key);
    }
    this.#forgetProcesses(slot);
  }

  /** How many records of a type were sent (cause `none`) or lost, since startRun. */
  count(slot: number, type: number, cause: number): number {
    this.#key[0] = (slot * RECORD_TYPE_COUNT + type) * LOSS_CAUSE_COUNT + cause;
    this.#check(this.#native.sensor_lookup(this.#maps.counters, this.#key, this.#counter), "read a counter");
    return Number(this.#counter[0]);
  }

  /** Sleeps until records wait or the time is over. */
  wait(milliseconds: number): void {
    this.#native.sensor_ring_wait(this.#handle, milliseconds);
  }

  /** Whole records of all runs, in the order of the kernel; empty when there are none. Valid until the next call. */
  drain(): Uint8Array {
    return this.#drained.subarray(0, this.#native.sensor_ring_drain(this.#handle, this.#drained, DRAIN_SIZE));
  }

  [Symbol.dispose](): void {
    this.#native.sensor_close(this.#handle);
  }

  #fillDispatcher(): void {
    const shape = new Int8Array(new ArrayBuffer(8));
    for (const probe of syscallProbes()) {
      const program = this.#native.sensor_program(this.#handle, cString(probe.handler));
      if (program < 0) continue; // refused by the kernel, and in the report
      this.#key[0] = probe.number;
      shape.set([
        probe.directory ?? -1,
        probe.path ?? -1,
        probe.targetDirectory ?? -1,
        probe.target ?? -1,
        probe.argument ?? -1,
      ]);
      this.#check(this.#native.sensor_update(this.#maps.shapes, this.#key, shape), "describe a system call");
      this.#word[0] = program;
      this.#check(this.#native.sensor_update(this.#maps.handlers, this.#key, this.#word), "register a handler");
    }
  }

  #forgetProcesses(slot: number): void {
    for (const pid of this.#processesOf(slot)) {
      this.#key[0] = pid;
      this.#native.sensor_delete(this.#maps.processes, this.#key);
    }
  }

  #processesOf(slot: number): number[] {
    const found: number[] = [];
    const next = new Uint32Array(new ArrayBuffer(4));
    let status = this.#native.sensor_next(this.#maps.processes, null, next);
    while (status === 0) {
      const pid = next[0]!;
      if (this.indexOf(slot, pid) !== undefined) found.push(pid);
      this.#key[0] = pid;
      status = this.#native.sensor_next(this.#maps.processes, this.#key, next);
    }
    return found;
  }

  #check(status: number, what: string): void {
    if (status < 0) throw this.#unavailable(`The sensor could not ${what} (error ${-status}).`);
  }

  #unavailable(message: string): FangsError {
    if (process.getuid?.() !== 0) {
      return new FangsError("not_root", "The sensor needs root to load its probes.", {
        hint: "Run it with sudo, or give it CAP_BPF, CAP_PERFMON and CAP_SYS_RESOURCE.",
      });
    }
    return new FangsError("sensor_unavailable", message, {
      hint: "`fangs doctor` says what this kernel offers; BTF and kernel 5.15 or newer are needed.",
      cause: this.log().slice(0, 2000),
    });
  }
}
