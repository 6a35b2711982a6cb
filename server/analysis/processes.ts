/** The processes of a run as its records unfold: who started whom, running what, as which actor. */
import { exitText } from "../../protocol/describe.ts";
import { printable } from "../../protocol/printable.ts";
import { HEADER, LAYOUTS, MARKER, RECORD, recordName, type TraceCursor } from "../../protocol/trace.ts";
import type { Actors } from "./actors.ts";

/** What a process runs; shared with its children until they exec. Byte ranges of the trace, not copies. */
export interface Image {
  binary: Uint8Array;
  cwd: Uint8Array;
  argv: Uint8Array;
  /** npm itself started it as a lifecycle script. */
  lifecycle: boolean;
  /** Part of the command that the runner gave to a phase's root: no behaviour of the release. */
  given: "env" | "node" | null;
}

export interface Process {
  /** Dense index in the trace; 1..15 are roots. */
  index: number;
  parent: number | null;
  /** In its own pid namespace; 0 until a record tells. */
  pid: number;
  /** Number in the table of actors. */
  actor: number;
  phase: number;
  root: number;
  image: Image | null;
  /** Nanoseconds since the run began. */
  started: number;
  ended: number | null;
  exit: string | null;
}

export interface ProcessTable {
  /** In the order of their first appearance. */
  readonly all: ReadonlyMap<number, Process>;
  /** Takes in a record and gives the process it is about, as it is after the record. */
  take(cursor: TraceCursor): Process;
  /** From the root to the process; at most `limit`, of which the first is the root. */
  ancestry(process: Process, limit: number): Process[];
}

const ROOT_LIMIT = 15;
const LAUNCHER = /^\/(?:usr|bin|opt)\/(?:.*\/)?(env|node)$/;

export function createProcessTable(actors: Actors): ProcessTable {
  const all = new Map<number, Process>();
  let last: Process | undefined;

  const find = (index: number, cursor: TraceCursor): Process => {
    if (last?.index === index) return last;
    last = all.get(index);
    if (last === undefined) {
      // No fork told of it: a phase's root, or a process that joined from outside.
      const phase = cursor.view.getUint8(cursor.offset + HEADER.phase);
      const root = index >= 1 && index <= ROOT_LIMIT ? index : 0;
      last = {
        index,
        parent: null,
        pid: 0,
        actor: actors.ofRoot(root, phase),
        phase,
        root,
        image: null,
        started: timeOf(cursor),
        ended: null,
        exit: null,
      };
      all.set(index, last);
    }
    return last;
  };

  const fork = (process: Process, cursor: TraceCursor): void => {
    const index = cursor.view.getUint32(cursor.offset + LAYOUTS.fork.fields.child[0], true);
    // A child that exists already would let a damaged trace tie a knot in the tree.
    if (all.has(index)) return;
    const pid = cursor.view.getUint32(cursor.offset + LAYOUTS.fork.fields.child_pid[0], true);
    const phase = cursor.view.getUint8(cursor.offset + HEADER.phase);
    const { actor, root, image } = process;
    all.set(index, {
      index,
      parent: process.index,
      pid,
      actor,
      phase,
      root,
      image,
      started: timeOf(cursor),
      ended: null,
      exit: null,
    });
  };

  return {
    all,
    take(cursor) {
      const { view, offset } = cursor;
      const process = find(view.getUint32(offset + HEADER.process, true), cursor);
      if (cursor.type === RECORD.fork) fork(process, cursor);
      else if (cursor.type === RECORD.exec) exec(process, cursor, actors);
      else if (cursor.type === RECORD.exit) {
        process.ended = timeOf(cursor);
        const code = view.getInt32(offset + LAYOUTS.exit.fields.code[0], true);
        process.exit = exitText(code, view.getInt32(offset + LAYOUTS.exit.fields.signal[0], true));
      }
      return process;
    },
    ancestry(process, limit) {
      const line = [process];
      let parent = process.parent;
      while (parent !== null) {
        const next = all.get(parent);
        if (next === undefined) break;
        line.push(next);
        parent = next.parent;
      }
      if (line.length > limit) line.splice(limit - 1, line.length - limit);
      return line.reverse();
    },
  };
}

/** Whether a record is about a process: all that are known but the markers of the runner's own bookkeeping. */
export function isOfProcess(cursor: TraceCursor): boolean {
  if (cursor.type !== RECORD.marker) return recordName(cursor.type) !== undefined;
  return cursor.view.getUint32(cursor.offset + LAYOUTS.marker.fields.kind[0], true) === MARKER.survivor;
}

// --- internal ---

function exec(process: Process, cursor: TraceCursor, actors: Actors): void {
  const { bytes, view, offset } = cursor;
  const { fields, size } = LAYOUTS.exec;
  const length = (field: readonly [number, string]): number => view.getUint16(offset + field[0], true);
  const binary = offset + size;
  const filename = binary + length(fields.binary_length);
  const cwd = filename + length(fields.filename_length);
  const argv = cwd + length(fields.cwd_length);
  const directory = bytes.subarray(cwd, argv);
  const actor = actors.afterExec(process.actor, directory);
  process.image = {
    binary: bytes.subarray(binary, filename),
    given: givenPart(process, bytes.subarray(binary, filename)),
    cwd: directory,
    argv: bytes.subarray(argv, argv + length(fields.argv_length)),
    lifecycle: actor !== process.actor,
  };
  process.actor = actor;
  process.pid = view.getUint32(offset + fields.pid[0], true);
}

/**
 * The runner's command is `node …`, or a script that the kernel starts as `env`, which execs `node`. That chain,
 * at the beginning of a root's life and from the image's own directories, is not the release's doing; whatever
 * else a root executes is, also a second `node` (`process.execve` exists).
 */
function givenPart(process: Process, binary: Uint8Array): Image["given"] {
  if (process.index < 1 || process.index > ROOT_LIMIT) return null;
  if (process.image !== null && process.image.given !== "env") return null;
  const [, name] = LAUNCHER.exec(printable(binary)) ?? [];
  if (name === "node") return "node";
  return name === "env" && process.image === null ? "env" : null;
}

function timeOf(cursor: TraceCursor): number {
  return Number(cursor.view.getBigUint64(cursor.offset + HEADER.time, true));
}
