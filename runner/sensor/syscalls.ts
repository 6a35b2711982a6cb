/**
 * Which probe handles which system call, and which of its arguments is what. The kernel side reads the
 * same shape for every call (struct syscall_shape in bpf/maps.bpf.h), so a new call is a line here.
 */
import { CHANGE_SYSCALLS, RARE_SYSCALLS } from "../../protocol/syscalls.ts";

/** Argument positions, 0..5; absent: the call has none. */
export interface SyscallShape {
  directory?: number;
  path?: number;
  targetDirectory?: number;
  target?: number;
  argument?: number;
}

export interface SyscallProbe extends SyscallShape {
  number: number;
  /** Program in bpf/. */
  handler: string;
}

/** The slot that reports 32-bit calls, whose numbers mean something else. */
const COMPAT_SLOT = 511;

/** As a directory: the path is kept as it was given, for it is what a symbolic link will say. */
const CONTENT = -2;

const X86_64 = {
  read: 0,
  write: 1,
  open: 2,
  writev: 20,
  connect: 42,
  accept: 43,
  sendto: 44,
  recvfrom: 45,
  sendmsg: 46,
  recvmsg: 47,
  bind: 49,
  listen: 50,
  creat: 85,
  openat: 257,
  accept4: 288,
  sendmmsg: 307,
  openat2: 437,
  open_by_handle_at: 304,
  compat: COMPAT_SLOT,
} as const;

const IO: Record<keyof typeof X86_64, SyscallShape & { handler: string }> = {
  open: { handler: "on_open", path: 0, argument: 1 },
  creat: { handler: "on_open", path: 0 },
  openat: { handler: "on_open", directory: 0, path: 1, argument: 2 },
  openat2: { handler: "on_open_how", directory: 0, path: 1, argument: 2 },
  open_by_handle_at: { handler: "on_open", argument: 2 },
  connect: { handler: "on_connect" },
  bind: { handler: "on_bind" },
  listen: { handler: "on_listen" },
  accept: { handler: "on_accept" },
  accept4: { handler: "on_accept" },
  write: { handler: "on_send" },
  sendto: { handler: "on_send", target: 4 },
  writev: { handler: "on_send_vector" },
  sendmsg: { handler: "on_send_message" },
  sendmmsg: { handler: "on_send_messages" },
  read: { handler: "on_receive" },
  recvfrom: { handler: "on_receive" },
  recvmsg: { handler: "on_receive_message" },
  compat: { handler: "on_compat" },
};

/** `path` alone: a name, or with `directory` a name below an open directory; `directory` alone: an open file. */
const CHANGE: Record<string, SyscallShape> = {
  unlink: { path: 0 },
  unlinkat: { directory: 0, path: 1, argument: 2 },
  rmdir: { path: 0 },
  rename: { path: 0, target: 1 },
  renameat: { directory: 0, path: 1, targetDirectory: 2, target: 3 },
  renameat2: { directory: 0, path: 1, targetDirectory: 2, target: 3, argument: 4 },
  link: { path: 0, target: 1 },
  linkat: { directory: 0, path: 1, targetDirectory: 2, target: 3, argument: 4 },
  symlink: { directory: CONTENT, path: 0, target: 1 },
  symlinkat: { directory: CONTENT, path: 0, targetDirectory: 1, target: 2 },
  chmod: { path: 0, argument: 1 },
  fchmod: { directory: 0, argument: 1 },
  fchmodat: { directory: 0, path: 1, argument: 2 },
  fchmodat2: { directory: 0, path: 1, argument: 2 },
  chown: { path: 0, argument: 1 },
  lchown: { path: 0, argument: 1 },
  fchown: { directory: 0, argument: 1 },
  fchownat: { directory: 0, path: 1, argument: 2 },
  truncate: { path: 0, argument: 1 },
  ftruncate: { directory: 0, argument: 1 },
  mkdir: { path: 0, argument: 1 },
  mkdirat: { directory: 0, path: 1, argument: 2 },
  mknod: { path: 0, argument: 1 },
  mknodat: { directory: 0, path: 1, argument: 2 },
  utimensat: { directory: 0, path: 1 },
  setxattr: { path: 0 },
  lsetxattr: { path: 0 },
  fsetxattr: { directory: 0 },
};

/** Rare calls whose handler filters, or which carry a name. */
const RARE: Record<string, SyscallShape & { handler?: string }> = {
  socket: { handler: "on_socket" },
  kill: { handler: "on_kill", argument: 1 },
  tgkill: { handler: "on_kill", argument: 2 },
  memfd_create: { path: 0 },
  mount: { path: 1 },
  umount2: { path: 0 },
  chroot: { path: 0 },
  pivot_root: { path: 0 },
  swapon: { path: 0 },
  sethostname: { path: 0 },
};

/** Opened by handle is an open here, and prctl is what every thread does to name itself. */
const NOT_RARE = new Set(["open_by_handle_at", "prctl"]);

/** The dispatcher's table on this architecture. */
export function syscallProbes(): SyscallProbe[] {
  const probes: SyscallProbe[] = [];
  for (const [name, shape] of Object.entries(IO))
    probes.push({ number: X86_64[name as keyof typeof X86_64], ...shape });
  for (const [name, number] of Object.entries(CHANGE_SYSCALLS)) {
    const shape = CHANGE[name];
    if (shape === undefined) throw new Error(`no shape for the system call ${name}`);
    probes.push({ number, handler: "on_change", ...shape });
  }
  for (const [name, number] of Object.entries(RARE_SYSCALLS)) {
    if (!NOT_RARE.has(name)) probes.push({ number, handler: "on_rare", ...RARE[name] });
  }
  return probes;
}
