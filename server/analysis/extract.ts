/** One pass over a trace: every observation that counts as behaviour becomes a fact for the comparing core. */
import type { Differ } from "../../differ-wasm/host.ts";
import { printable } from "../../protocol/printable.ts";
import { FLAG, HEADER, LAYOUTS, MARKER, RECORD, type TraceCursor } from "../../protocol/trace.ts";
import { decodeRecord, type TraceRecord } from "../../protocol/trace-codec.ts";
import { RELEASE, SANDBOX, type Actors } from "./actors.ts";
import { commandTokens } from "./commands.ts";
import { createDecoyFiles } from "./decoy-files.ts";
import { createFactWriter, type FactWriter } from "./fact-writer.ts";
import { createFileFacts } from "./file-facts.ts";
import { createLeakFinder, reportLeaks, type LeakFinder } from "./leaks.ts";
import { createLocalSocketFacts } from "./local-sockets.ts";
import { createNetworkFacts } from "./network-facts.ts";
import { createPathClassifier } from "./path-classes.ts";
import { createProcessTable, isOfProcess, type Image, type Process } from "./processes.ts";
import { rareCallFacts } from "./rare-calls.ts";
import type { AnalysisInput } from "./types.ts";
import { walkTrace, type Walk } from "./walk.ts";

/** What the trace says about itself. `record` and `cause` are numbers of protocol/trace.ts. */
export type Account =
  | { kind: "loss"; record: number; cause: number; count: number }
  | { kind: "sent"; record: number; sent: number; received: number };
export interface Extraction extends Walk {
  accounts: Account[];
  /** What was more than could be followed; null if nothing was. */
  flood: string | null;
}

/** Feeds the facts of a trace to a differ that has begun; the caller finishes it. */
export function extractFacts(input: AnalysisInput, actors: Actors, differ: Differ): Extraction {
  const { environment } = input.result;
  const writer = createFactWriter(differ);
  const { origin } = writer;
  const processes = createProcessTable(actors);
  const leaks = createLeakFinder(environment.decoys);
  const network = createNetworkFacts(environment, writer, leaks);
  const localSocket = createLocalSocketFacts(writer, leaks);
  const classify = createPathClassifier(environment);
  const decoyOpened = createDecoyFiles(environment);
  const files = createFileFacts({ project: environment.project, classify, decoyOpened, actors, writer });
  const accounts: Account[] = [];
  const sandbox = actors.number(SANDBOX);

  const survived = (image: Image | null): void => {
    if (image === null) return;
    const tokens = commandTokens(image, input);
    if (tokens.length > 0) writer.bytes("proc_new_survivor", 0, tokens, 0, tokens.length);
  };

  /** The records of which there are few: as objects. */
  const decoded = (record: TraceRecord | undefined, process: Process): void => {
    if (record?.record === "socket") {
      network.socket(record, process);
      localSocket(record);
    } else if (record?.record === "send") network.send(record, process);
    else if (record?.record === "receive") network.receive(record, process);
    else if (record?.record === "syscall") rareCallFacts(record, writer);
  };

  const walk = walkTrace(input.segments, (cursor, event) => {
    const account = readAccount(cursor);
    if (account !== null) accounts.push(account);
    if (!isOfProcess(cursor)) return;
    const process = processes.take(cursor);
    origin.event = event;
    origin.actor = process.actor;
    origin.pid = process.pid;
    if (process.actor === sandbox) return;
    const flags = cursor.view.getUint16(cursor.offset + HEADER.flags, true);
    if (flags & FLAG.compat && cursor.type !== RECORD.syscall) writer.text("sys_new_rare", "32-bit system call");
    if (cursor.type === RECORD.open) files.open(cursor);
    else if (cursor.type === RECORD.change) files.change(cursor);
    else if (cursor.type === RECORD.exec) execFacts(process.image, flags, { input, writer, leaks });
    else if (cursor.type === RECORD.marker) survived(process.image);
    else if (cursor.type !== RECORD.fork && cursor.type !== RECORD.exit) decoded(decodeRecord(cursor), process);
  });
  network.finish();
  releaseFacts(input, actors, writer);
  writer.flush();
  return { ...walk, accounts, flood: network.flood() };
}

// --- internal ---

function readAccount(cursor: TraceCursor): Account | null {
  if (cursor.type !== RECORD.marker) return null;
  const { view, offset } = cursor;
  const kind = view.getUint32(offset + LAYOUTS.marker.fields.kind[0], true);
  if (kind !== MARKER.loss && kind !== MARKER.sent) return null;
  const values = offset + LAYOUTS.marker.fields.values[0];
  const [record = 0, second = 0, third = 0] = [0, 8, 16].map((at) => Number(view.getBigInt64(values + at, true)));
  return kind === MARKER.loss
    ? { kind: "loss", record, cause: second, count: third }
    : { kind: "sent", record, sent: second, received: third };
}

/** No record shows these: they were known before the run. */
function releaseFacts({ release }: AnalysisInput, actors: Actors, writer: FactWriter): void {
  if (!release || release.changes.length === 0) return;
  Object.assign(writer.origin, { event: 0, actor: actors.number(RELEASE), pid: 0 });
  for (const { category, value } of release.changes) writer.text(category, value);
}

function execFacts(
  image: Image | null,
  flags: number,
  context: { input: AnalysisInput; writer: FactWriter; leaks: LeakFinder },
): void {
  if (image === null || image.given !== null) return;
  const { writer, leaks } = context;
  const category = flags & (FLAG.deleted | FLAG.detached) ? "proc_new_fileless" : "proc_new_exec";
  if (image.binary.length > 0) writer.bytes(category, 0, image.binary, 0, image.binary.length);
  else writer.text(category, "(unreadable)");
  const tokens = commandTokens(image, context.input);
  if (tokens.length > 0) writer.bytes("proc_new_command", 0, tokens, 0, tokens.length);
  reportLeaks({ leaks, writer }, image.argv, 0, `argv to ${printable(image.binary)}`);
}
