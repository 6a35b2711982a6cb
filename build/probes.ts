import { copyFileSync, existsSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { OBJECTS, run } from "./run.ts";
import { step } from "./step.ts";

const BTF = "/sys/kernel/btf/vmlinux";
const ARCHITECTURE: Partial<Record<NodeJS.Architecture, string>> = { x64: "x86", arm64: "arm64" };

/** The BPF object, the loader, and the libraries that the loader needs, as dist/obj has them. */
export async function buildProbes(): Promise<void> {
  const architecture = ARCHITECTURE[process.arch];
  if (architecture === undefined) throw new Error(`fangs has no probes for ${process.arch}.`);
  if (!existsSync(BTF)) throw new Error(`This kernel has no BTF (${BTF}), which the probes are compiled against.`);

  const headers = join(OBJECTS, "vmlinux.h");
  await step({
    name: "vmlinux",
    inputs: [],
    key: run(["uname", "-rv"]),
    outputs: [headers],
    make: () => void run(["bpftool", "btf", "dump", "file", BTF, "format", "c"], { stdout: Bun.file(headers) }),
  });
  const object = join(OBJECTS, "sensor.bpf.o");
  await step({
    name: "sensor.bpf",
    inputs: ["bpf/*.h", "bpf/*.bpf.c", "dist/obj/vmlinux.h"],
    key: `${architecture} ${run(["clang", "--version"])}`,
    outputs: [object],
    make: () => {
      run([
        ...["clang", "-O2", "-g", "-target", "bpf", "-mcpu=v3", "-Wall", "-Werror", `-D__TARGET_ARCH_${architecture}`],
        ...["-I", OBJECTS, "-I", "bpf", "-c", "bpf/sensor.bpf.c", "-o", object],
      ]);
      run(["llvm-strip", "-g", object]); // drops DWARF, keeps BTF
    },
  });
  const loader = join(OBJECTS, "libsensor.so");
  await step({
    name: "loader",
    inputs: ["bpf/loader.c"],
    key: run(["gcc", "--version"]),
    outputs: [loader],
    make: () =>
      void run([
        ...[
          "gcc",
          "-O2",
          "-g0",
          "-std=gnu11",
          "-Wall",
          "-Wextra",
          "-Werror",
          "-fvisibility=hidden",
          "-shared",
          "-fPIC",
        ],
        ...["-Wl,--as-needed", "-o", loader, "bpf/loader.c", "-lbpf"],
      ]),
  });
  for (const library of ["libbpf.so.1", "libelf.so.1", "libz.so.1"]) {
    const from = sharedObject(library);
    const to = join(OBJECTS, library);
    await step({ name: library, inputs: [], key: from, outputs: [to], make: () => copyFileSync(from, to) });
  }
}

/** Where the dynamic linker finds a library, links resolved: the name carries the version. */
function sharedObject(library: string): string {
  const line = run(["ldconfig", "-p"])
    .split("\n")
    .find((entry) => entry.trim().startsWith(`${library} `));
  const path = line?.split("=> ")[1];
  if (path === undefined) throw new Error(`The dynamic linker does not know ${library}.`);
  return realpathSync(path);
}
