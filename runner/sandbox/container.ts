/** The container of one run: everything it may not do is here. */
import { availableParallelism } from "node:os";
import type { ContainerCreateOptions } from "dockerode";

export const HOME = "/home/node";
export const PROJECT = `${HOME}/project`;
/** Whoever runs the package's code. */
export const SANDBOX_USER = "1000:1000";

const MEBIBYTE = 1024 * 1024;
const MEMORY_BYTES = 2048 * MEBIBYTE;
const FILE_BYTES = 512 * MEBIBYTE;
const PROCESSES = 256;
const OPEN_FILES = 8192;
const CPUS = Math.min(2, availableParallelism());
/** Programs in /tmp and at home run as they would on a developer's machine: fangs wants to see what they do. */
const WRITABLE = {
  "/tmp": "rw,exec,nosuid,nodev,size=256m,mode=1777",
  "/var/tmp": "rw,exec,nosuid,nodev,size=64m,mode=1777",
  [HOME]: "rw,exec,nosuid,nodev,size=1024m,mode=0755,uid=1000,gid=1000",
};

export interface ContainerPlan {
  image: string;
  labels: Record<string, string>;
  variables: Record<string, string>;
  lifetimeMs: number;
  /** A sandbox network and the address of its resolver; null for loopback only. */
  network: { name: string; resolver: string } | null;
}

/**
 * The idle container: init, and under it a time-bomb around a process that lives as long as its stdin, which the runner
 * holds. They are user 0 without capabilities, so that the package (user 1000) cannot end them.
 */
export function containerOptions(plan: ContainerPlan): ContainerCreateOptions {
  return {
    Image: plan.image,
    Hostname: "workstation",
    User: "0:0",
    Entrypoint: [],
    Cmd: ["timeout", "-s", "KILL", String(Math.ceil(plan.lifetimeMs / 1000)), "cat"],
    WorkingDir: "/",
    Env: Object.entries(plan.variables).map(([name, value]) => `${name}=${value}`),
    Labels: plan.labels,
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: false,
    AttachStderr: false,
    Healthcheck: { Test: ["NONE"] },
    HostConfig: {
      Init: true,
      AutoRemove: true,
      ReadonlyRootfs: true,
      Tmpfs: WRITABLE,
      CapDrop: ["ALL"],
      // Docker's default seccomp profile stays on.
      SecurityOpt: ["no-new-privileges"],
      IpcMode: "private",
      ShmSize: 64 * MEBIBYTE,
      PidsLimit: PROCESSES,
      Memory: MEMORY_BYTES,
      // Equal to Memory: no swap.
      MemorySwap: MEMORY_BYTES,
      NanoCpus: CPUS * 1e9,
      Ulimits: [
        { Name: "nofile", Soft: OPEN_FILES, Hard: OPEN_FILES },
        { Name: "core", Soft: 0, Hard: 0 },
        { Name: "fsize", Soft: FILE_BYTES, Hard: FILE_BYTES },
      ],
      LogConfig: { Type: "none", Config: {} },
      NetworkMode: plan.network?.name ?? "none",
      ...(plan.network === null ? {} : { Dns: [plan.network.resolver], DnsSearch: ["."] }),
    },
  };
}
