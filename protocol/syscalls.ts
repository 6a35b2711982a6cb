/**
 * Numbers and names of the calls that a trace can hold (x86-64, Linux 6.6's asm/unistd_64.h), and of errors
 * (asm-generic/errno.h). The sensor fills its filter from these tables; analysis reads names from them.
 */

/** Calls that change a file or its name; recorded as `change`. */
export const CHANGE_SYSCALLS = {
  truncate: 76,
  ftruncate: 77,
  rename: 82,
  mkdir: 83,
  rmdir: 84,
  link: 86,
  unlink: 87,
  symlink: 88,
  chmod: 90,
  fchmod: 91,
  chown: 92,
  fchown: 93,
  lchown: 94,
  mknod: 133,
  setxattr: 188,
  lsetxattr: 189,
  fsetxattr: 190,
  mkdirat: 258,
  mknodat: 259,
  fchownat: 260,
  unlinkat: 263,
  renameat: 264,
  linkat: 265,
  symlinkat: 266,
  fchmodat: 268,
  utimensat: 280,
  renameat2: 316,
  fchmodat2: 452,
} as const satisfies Record<string, number>;
export type ChangeSyscall = keyof typeof CHANGE_SYSCALLS;

/** Calls that are rare in honest packages or need privilege; recorded as `syscall`. */
export const RARE_SYSCALLS = {
  socket: 41,
  kill: 62,
  ptrace: 101,
  setuid: 105,
  setgid: 106,
  setreuid: 113,
  setregid: 114,
  setgroups: 116,
  setresuid: 117,
  setresgid: 119,
  setfsuid: 122,
  setfsgid: 123,
  capset: 126,
  rt_sigqueueinfo: 129,
  personality: 135,
  pivot_root: 155,
  prctl: 157,
  chroot: 161,
  mount: 165,
  umount2: 166,
  swapon: 167,
  reboot: 169,
  sethostname: 170,
  iopl: 172,
  ioperm: 173,
  init_module: 175,
  delete_module: 176,
  quotactl: 179,
  tgkill: 234,
  kexec_load: 246,
  add_key: 248,
  request_key: 249,
  keyctl: 250,
  unshare: 272,
  perf_event_open: 298,
  name_to_handle_at: 303,
  open_by_handle_at: 304,
  rt_tgsigqueueinfo: 297,
  setns: 308,
  process_vm_readv: 310,
  process_vm_writev: 311,
  finit_module: 313,
  seccomp: 317,
  memfd_create: 319,
  bpf: 321,
  userfaultfd: 323,
  pidfd_send_signal: 424,
  io_uring_setup: 425,
  open_tree: 428,
  move_mount: 429,
  fsopen: 430,
  pidfd_open: 434,
  pidfd_getfd: 438,
} as const satisfies Record<string, number>;
export type RareSyscall = keyof typeof RARE_SYSCALLS;

const SYSCALL_NAMES = new Map<number, string>(
  [...Object.entries(CHANGE_SYSCALLS), ...Object.entries(RARE_SYSCALLS)].map(([name, number]) => [number, name]),
);

/** `unlinkat`; `syscall 999` for a number outside both tables. */
export function syscallName(number: number): string {
  return SYSCALL_NAMES.get(number) ?? `syscall ${number}`;
}

/** Error names by number; index 0 is no error. Numbers 41 and 58 do not exist. */
const ERRNO_TABLE = (
  "ok EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN ENOMEM EACCES EFAULT ENOTBLK EBUSY EEXIST " +
  "EXDEV ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG ENOSPC ESPIPE EROFS EMLINK EPIPE EDOM ERANGE " +
  "EDEADLK ENAMETOOLONG ENOLCK ENOSYS ENOTEMPTY ELOOP - ENOMSG EIDRM ECHRNG EL2NSYNC EL3HLT EL3RST ELNRNG EUNATCH " +
  "ENOCSI EL2HLT EBADE EBADR EXFULL ENOANO EBADRQC EBADSLT - EBFONT ENOSTR ENODATA ETIME ENOSR ENONET ENOPKG EREMOTE " +
  "ENOLINK EADV ESRMNT ECOMM EPROTO EMULTIHOP EDOTDOT EBADMSG EOVERFLOW ENOTUNIQ EBADFD EREMCHG ELIBACC ELIBBAD " +
  "ELIBSCN ELIBMAX ELIBEXEC EILSEQ ERESTART ESTRPIPE EUSERS ENOTSOCK EDESTADDRREQ EMSGSIZE EPROTOTYPE ENOPROTOOPT " +
  "EPROTONOSUPPORT ESOCKTNOSUPPORT EOPNOTSUPP EPFNOSUPPORT EAFNOSUPPORT EADDRINUSE EADDRNOTAVAIL ENETDOWN ENETUNREACH " +
  "ENETRESET ECONNABORTED ECONNRESET ENOBUFS EISCONN ENOTCONN ESHUTDOWN ETOOMANYREFS ETIMEDOUT ECONNREFUSED EHOSTDOWN " +
  "EHOSTUNREACH EALREADY EINPROGRESS ESTALE EUCLEAN ENOTNAM ENAVAIL EISNAM EREMOTEIO EDQUOT ENOMEDIUM EMEDIUMTYPE " +
  "ECANCELED ENOKEY EKEYEXPIRED EKEYREVOKED EKEYREJECTED EOWNERDEAD ENOTRECOVERABLE"
).split(" ");

/** Errors by name, as positive numbers: `ERRNO.ENOENT` is 2. */
export const ERRNO: Readonly<Record<string, number>> = Object.fromEntries(
  ERRNO_TABLE.map((name, number): [string, number] => [name, number]).filter(([name]) => name.startsWith("E")),
);

/** `ok` for zero and above, else the error's name: `ENOENT` for -2, `error 512` for one without a name. */
export function resultName(result: number): string {
  if (result >= 0) return "ok";
  const name = ERRNO_TABLE[-result];
  return name === undefined || name === "-" ? `error ${-result}` : name;
}
