/** Traces for tests, told record by record: what a sensor would have seen. */
import type { AnalysisInput } from "../../../server/analysis/types.ts";
import { FAMILY, parseAddress } from "../../../protocol/address.ts";
import type { PhaseResult, RunResult } from "../../../protocol/models.ts";
import { CHANGE_SYSCALLS, RARE_SYSCALLS, type ChangeSyscall, type RareSyscall } from "../../../protocol/syscalls.ts";
import { FLAG, MARKER, PHASE, SOCKET, type SocketOperation } from "../../../protocol/trace.ts";
import { concatRecords, encodeRecord } from "../../../protocol/trace-codec.ts";
import { dnsAnswer, dnsQuestion } from "../../protocol/packets.ts";

export const PROJECT = "/home/node/app";
export const HOME = "/home/node";
export const PACKAGE = "left-pad";
export const NPM_TOKEN = "npm_9f8Qx2LkVw7RtYb3ZsHc5JdMgN1pKaUe4T6o";
export const REGISTRY = { address: "172.20.0.1", port: 4873 };
export const RESOLVER = { address: "172.20.0.1", port: 53 };

/** Root processes of the phases in `completeResult`. */
export const ROOT = { install: 1, require: 2, import: 3, bin: 4 } as const;
const PHASE_OF_ROOT: Record<number, number> = {
  [ROOT.install]: PHASE.install,
  [ROOT.require]: PHASE.import,
  [ROOT.import]: PHASE.import,
  [ROOT.bin]: PHASE.bin,
};

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

export function phaseResult(root: number, phase: PhaseResult["phase"], label: string): PhaseResult {
  return {
    phase,
    label,
    root,
    exit_code: 0,
    signal: null,
    timed_out: false,
    duration_ms: 100,
    stdout: "",
    stderr: "",
  };
}

export function completeResult(changes: Partial<RunResult> = {}): RunResult {
  return {
    status: "complete",
    reason: null,
    phases: [
      phaseResult(ROOT.install, "install", "npm install"),
      phaseResult(ROOT.require, "import", "require"),
      phaseResult(ROOT.import, "import", "import"),
      phaseResult(ROOT.bin, "bin", "bin:pad"),
    ],
    losses: [],
    segments: 1,
    events: 0,
    environment: {
      project: PROJECT,
      home: HOME,
      registry: REGISTRY,
      resolver: RESOLVER,
      decoys: [
        { name: "npm token", place: `${HOME}/.npmrc`, secret: NPM_TOKEN },
        { name: "ssh key", place: `${HOME}/.ssh/id_ed25519`, secret: `-----BEGIN KEY-----\n${"kX9w".repeat(30)}\n` },
        { name: "github token", place: "$GITHUB_TOKEN", secret: "ghp_Zk3vB8nQ1mXr6TyWc0LdPs5HfJg2Ua9EiOq7" },
      ],
    },
    network: "registry",
    image: "test",
    node_version: "24.0.0",
    npm_version: "11.0.0",
    started_at: 0,
    ended_at: 1,
    ...changes,
  };
}

type Endpoint = { address: string; port: number; type?: "tcp" | "udp"; socket?: number; result?: number };

/** Collects records. Every method returns the ordinal of the record that it added. */
export class Story {
  readonly records: Uint8Array[] = [];
  readonly #roots = new Map<number, number>();
  #next = 16;

  add(record: Parameters<typeof encodeRecord>[0]): number {
    const process = record.process ?? 0;
    const phase = PHASE_OF_ROOT[this.#roots.get(process) ?? process] ?? PHASE.install;
    return this.records.push(encodeRecord({ phase, time: this.records.length * 1e6, ...record })) - 1;
  }

  /** A child of the process, by its index; its pid is the index plus 1,000. */
  fork(process: number): number {
    const child = this.#next++;
    this.#roots.set(child, this.#roots.get(process) ?? process);
    this.add({ record: "fork", process, child, child_pid: child + 1000 });
    return child;
  }

  exec(process: number, argv: string[], options: { binary?: string; cwd?: string; flags?: number } = {}): number {
    const { binary = argv[0] ?? "", cwd = PROJECT, flags = 0 } = options;
    return this.add({
      record: "exec",
      process,
      pid: process + 1000,
      flags,
      binary: encode(binary),
      filename: encode(binary),
      cwd: encode(cwd),
      argv: encode(argv.map((token) => `${token}\0`).join("")),
    });
  }

  /** npm runs a dependency's lifecycle script; the process that became it. */
  script(dependency: string, code = "node install.js", parent: number = ROOT.install): number {
    const child = this.fork(parent);
    this.exec(child, ["sh", "-c", code], { binary: "/bin/dash", cwd: `${PROJECT}/node_modules/${dependency}` });
    return child;
  }

  open(
    process: number,
    path: string,
    how: {
      flags?: number;
      result?: number;
      requested?: string;
      detached?: boolean;
      file?: { device: number; inode: bigint };
    } = {},
  ) {
    const { flags = 0, result = 3, requested = path, detached = false, file = { device: 0, inode: 0n } } = how;
    return this.add({
      record: "open",
      process,
      result,
      ...file,
      open_flags: flags,
      flags: detached ? 4 : 0,
      path: encode(path),
      requested: encode(requested),
    });
  }

  write(process: number, path: string): number {
    return this.open(process, path, { flags: 0o1 | 0o100 | 0o1000 });
  }

  change(process: number, syscall: ChangeSyscall, path: string, target = "", result = 0): number {
    const number = CHANGE_SYSCALLS[syscall];
    return this.add({ record: "change", process, syscall: number, path: encode(path), target: encode(target), result });
  }

  rare(process: number, syscall: RareSyscall, options: { result?: number; values?: bigint[] } = {}): number {
    const values = Array.from({ length: 6 }, (_, i) => options.values?.[i] ?? 0n);
    const number = RARE_SYSCALLS[syscall];
    return this.add({ record: "syscall", process, syscall: number, arguments: values, result: options.result ?? 0 });
  }

  socket(process: number, operation: SocketOperation, end: Endpoint): number {
    return this.add({ record: "socket", process, operation: SOCKET[operation], result: end.result ?? 0, ...wire(end) });
  }

  unix(process: number, operation: SocketOperation, path: string, socket = 900): number {
    const fields = { socket: BigInt(socket), type: 1, family: FAMILY.unix, path: encode(path) };
    return this.add({ record: "socket", process, operation: SOCKET[operation], ...fields });
  }

  send(process: number, end: Endpoint, data: Uint8Array | string, offset = 0): number {
    const bytes = typeof data === "string" ? encode(data) : data;
    return this.add({ record: "send", process, ...wire(end), data: bytes, offset, total: bytes.length });
  }

  /** What sendfile and splice leave: how much went to whom, and none of the bytes. */
  sendUnseen(process: number, end: Endpoint, total: number): number {
    return this.add({ record: "send", process, ...wire(end), flags: FLAG.truncated, total });
  }

  receive(process: number, end: Endpoint, data: Uint8Array): number {
    return this.add({ record: "receive", process, ...wire(end), data, total: data.length });
  }

  /** Asks the resolver for a name and gets an address. */
  resolve(process: number, name: string, address: string): void {
    const resolver: Endpoint = { ...RESOLVER, type: "udp", socket: 53 };
    this.send(process, resolver, dnsQuestion(name));
    this.receive(process, resolver, dnsAnswer(name, address));
  }

  marker(kind: keyof typeof MARKER, values: number[], process = 0): number {
    const padded = Array.from({ length: 6 }, (_, i) => BigInt(values[i] ?? 0));
    return this.add({ record: "marker", process, kind: MARKER[kind], values: padded });
  }

  segment(): Uint8Array {
    return concatRecords(this.records);
  }
}

/** A story that begins as every run does: npm is started in the project. */
export function installStory(): Story {
  const story = new Story();
  story.exec(ROOT.install, ["env", "node", "/usr/bin/npm", "install", PACKAGE], { binary: "/usr/bin/env" });
  story.exec(ROOT.install, ["node", "/usr/bin/npm", "install", PACKAGE], { binary: "/usr/bin/node" });
  return story;
}

export function inputOf(story: Story, changes: Partial<AnalysisInput> = {}): AnalysisInput {
  return {
    package: PACKAGE,
    version: "1.3.1",
    result: completeResult(),
    segments: [story.segment()],
    baseline: [],
    allow: [],
    severities: {},
    seeding: false,
    ...changes,
  };
}

function wire({ address, port, type = "tcp", socket = 77 }: Endpoint) {
  const bytes = parseAddress(address) ?? new Uint8Array(4);
  const field = new Uint8Array(16);
  field.set(bytes);
  const family = bytes.length === 4 ? FAMILY.inet : FAMILY.inet6;
  return { socket: BigInt(socket), type: type === "tcp" ? 1 : 2, family, port, address: field };
}
