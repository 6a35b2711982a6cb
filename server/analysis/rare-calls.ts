import { FAMILY } from "../../protocol/address.ts";
import { FLAG } from "../../protocol/trace.ts";
import { RARE_SYSCALLS, resultName, syscallName } from "../../protocol/syscalls.ts";
import type { TraceRecord } from "../../protocol/trace-codec.ts";
import type { FactWriter } from "./fact-writer.ts";

type SyscallRecord = Extract<TraceRecord, { record: "syscall" }>;

/** Calls by which one process reaches into another. */
const INJECTIONS: ReadonlySet<number> = new Set([
  RARE_SYSCALLS.ptrace,
  RARE_SYSCALLS.process_vm_readv,
  RARE_SYSCALLS.process_vm_writev,
  RARE_SYSCALLS.pidfd_getfd,
]);
/** PTRACE_TRACEME asks to be traced: it reaches into nobody. */
const TRACE_ME = 0n;
const PRCTL_OPTIONS = new Map([
  [3n, "PR_GET_DUMPABLE"],
  [4n, "PR_SET_DUMPABLE"],
  [15n, "PR_SET_NAME"],
  [16n, "PR_GET_NAME"],
  [22n, "PR_SET_SECCOMP"],
  [24n, "PR_CAPBSET_DROP"],
  [36n, "PR_SET_CHILD_SUBREAPER"],
  [38n, "PR_SET_NO_NEW_PRIVS"],
  [47n, "PR_CAP_AMBIENT"],
  [0x59616d61n, "PR_SET_PTRACER"],
]);

/** Facts of a rare or privileged call: `ptrace`, `unshare EPERM`, `socket AF_PACKET`, `prctl PR_SET_NAME`. */
export function rareCallFacts(record: SyscallRecord, writer: FactWriter): void {
  if (record.flags & FLAG.compat) {
    // Its number is one of another table; that anybody makes such a call is rare enough.
    writer.text("sys_new_rare", `32-bit system call ${record.syscall}`);
    return;
  }
  const name = syscallName(record.syscall);
  const words = [name, detail(record)];
  if (record.result < 0) words.push(resultName(record.result));
  writer.text("sys_new_rare", words.filter((word) => word !== "").join(" "));
  const asksToBeTraced = record.syscall === RARE_SYSCALLS.ptrace && record.arguments[0] === TRACE_ME;
  if (INJECTIONS.has(record.syscall) && !asksToBeTraced) {
    writer.text("proc_new_injection", record.result < 0 ? `${name} ${resultName(record.result)}` : name);
  }
}

/** The argument without which the call says little. */
function detail(record: SyscallRecord): string {
  const [first = 0n] = record.arguments;
  if (record.syscall === RARE_SYSCALLS.prctl) return PRCTL_OPTIONS.get(first) ?? `option ${first}`;
  if (record.syscall === RARE_SYSCALLS.socket) return first === BigInt(FAMILY.packet) ? "AF_PACKET" : "SOCK_RAW";
  return "";
}
