import { existsSync, readFileSync } from "node:fs";
import { toFangsError } from "../protocol/errors.ts";
import { openSensor } from "./sensor/sensor.ts";

/** missing: fangs can't watch here. reduced: it can, and sees less; the detail says what. */
export interface Check {
  name: string;
  state: "ok" | "missing" | "reduced";
  detail: string;
  hint: string | null;
}

export interface Examination {
  ready: boolean;
  checks: Check[];
}

/** What is lost where an optional program does not load. */
const LOST: Record<string, string> = {
  on_open_how: "openat2 is not seen",
  on_change: "unlink, rename, chmod and their like are not seen",
  on_bind: "bind is not seen",
  on_listen: "listen is not seen",
  on_accept: "accept is not seen",
  on_send_vector: "writev on sockets is not seen",
  on_send_message: "sendmsg is not seen",
  on_send_messages: "sendmmsg is not seen, with it most DNS questions of glibc",
  on_receive: "DNS answers are not seen: addresses have no names",
  on_receive_message: "DNS answers by recvmsg are not seen",
  on_rare: "rare and privileged calls are not seen",
  on_socket: "raw and packet sockets are not seen",
  on_kill: "signals to others are not seen",
  on_uring_submit: "opens and connections through io_uring are not seen",
  on_uring_complete: "the true path of an open through io_uring is not seen",
  on_compat: "32-bit calls are not seen",
};

/** What this host offers for watching packages. Loads the probes once to see; nothing stays. */
export async function examineHost(): Promise<Examination> {
  const checks = [checkUser(), checkKernel(), checkBtf(), ...(await checkProbes()), await checkDocker()];
  return { ready: checks.every((check) => check.state !== "missing"), checks };
}

// --- internal ---

function checkUser(): Check {
  const root = process.getuid?.() === 0;
  return root
    ? { name: "privilege", state: "ok", detail: "root", hint: null }
    : {
        name: "privilege",
        state: "missing",
        detail: `user ${process.getuid?.()}`,
        hint: "Probes need root, or CAP_BPF, CAP_PERFMON and CAP_SYS_RESOURCE; Docker needs its socket.",
      };
}

function checkKernel(): Check {
  const release = readFileSync("/proc/sys/kernel/osrelease", "utf8").trim();
  const [major = 0, minor = 0] = release.split(".").map(Number);
  const recent = major > 5 || (major === 5 && minor >= 15);
  return {
    name: "kernel",
    state: recent ? "ok" : "missing",
    detail: `Linux ${release} ${process.arch}`,
    hint: recent ? null : "fangs needs Linux 5.15 or newer.",
  };
}

function checkBtf(): Check {
  const path = "/sys/kernel/btf/vmlinux";
  return isBtf(path)
    ? { name: "BTF", state: "ok", detail: path, hint: null }
    : {
        name: "BTF",
        state: "missing",
        detail: "this kernel does not describe its types",
        hint: "Use a kernel built with CONFIG_DEBUG_INFO_BTF, as distributions' kernels are.",
      };
}

/** Whether a file begins as BTF does (magic 0xeb9f, include/uapi/linux/btf.h). */
function isBtf(path: string): boolean {
  if (!existsSync(path)) return false;
  const head = readFileSync(path).subarray(0, 2);
  return head.length === 2 && head.readUInt16LE() === 0xeb9f;
}

async function checkProbes(): Promise<Check[]> {
  try {
    using sensor = await openSensor();
    const { probes } = await sensor.report();
    const refused = probes.filter((probe) => probe.state.endsWith("failed"));
    const loaded: Check = {
      name: "probes",
      state: refused.length === 0 ? "ok" : "reduced",
      detail: `${probes.length - refused.length} of ${probes.length} programs load`,
      hint: null,
    };
    return [
      loaded,
      ...refused.map((probe): Check => ({
        name: `probe ${probe.name}`,
        state: "reduced",
        detail: `${LOST[probe.name] ?? "not loaded"} (error ${probe.errno})`,
        hint: null,
      })),
    ];
  } catch (thrown) {
    const error = toFangsError(thrown);
    return [{ name: "probes", state: "missing", detail: error.message, hint: error.hint ?? null }];
  }
}

async function checkDocker(): Promise<Check> {
  const socket = "/var/run/docker.sock";
  try {
    const response = await fetch("http://docker/version", { unix: socket, signal: AbortSignal.timeout(3000) });
    const { Version } = (await response.json()) as { Version?: string };
    return { name: "Docker", state: "ok", detail: `Engine ${Version ?? "of unknown version"}`, hint: null };
  } catch {
    return {
      name: "Docker",
      state: "missing",
      detail: `nothing answers at ${socket}`,
      hint: "Install Docker Engine 20.10 or newer and start it.",
    };
  }
}
