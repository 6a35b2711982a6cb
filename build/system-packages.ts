import { existsSync } from "node:fs";
import { run, say, which } from "./run.ts";

/** What building, running and testing need of a Debian-like system, and how to see that it is there. */
const NEEDED: { package: string; program?: string; file?: string }[] = [
  { package: "clang", program: "clang" },
  { package: "llvm", program: "llvm-strip" },
  { package: "gcc", program: "gcc" },
  { package: "libc6-dev", file: "/usr/include/stdio.h" },
  { package: "bpftool", program: "bpftool" },
  { package: "libbpf-dev", file: "/usr/include/bpf/libbpf.h" },
  { package: "docker.io", program: "dockerd" },
  { package: "iptables", program: "iptables" },
  { package: "iproute2", program: "ip" },
  // Debian starts a server of its own with it; the tests use one of theirs.
  { package: "postgresql", file: "/usr/lib/postgresql" },
  { package: "clang-format", program: "clang-format" },
  { package: "shellcheck", program: "shellcheck" },
];

/**
 * Installs what is missing with apt-get when this is root on a Debian-like system.
 *
 * @throws Error with the exact command otherwise
 */
export async function installSystemPackages(): Promise<void> {
  const missing = NEEDED.filter((one) => !(one.program ? which(one.program) : existsSync(one.file ?? "")));
  if (missing.length === 0) return;
  const install = ["apt-get", "install", "-y", "--no-install-recommends", ...missing.map((one) => one.package)];
  if (process.getuid?.() !== 0 || which("apt-get") === null) {
    throw new Error(`Some Debian packages are missing. Install them with:\n  sudo ${install.join(" ")}`);
  }
  say(`installing ${missing.map((one) => one.package).join(", ")}`);
  const environment = { DEBIAN_FRONTEND: "noninteractive" };
  run(["apt-get", "update", "-qq"], { environment });
  run(install, { environment });
}
