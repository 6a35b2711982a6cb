/**
 * The loader's functions through bun:ffi. The libraries are opened from memory files in the order of their
 * needs, so that nothing is written to disk and a host without libbpf or libelf will do: the dynamic linker
 * satisfies each NEEDED entry by the SONAME that is loaded already.
 */
import { dlopen } from "bun:ffi";
import { readFileSync, writeSync } from "node:fs";
import { FangsError } from "../../protocol/errors.ts";
import { LIBRARIES } from "./embedded.ts";

const MFD_CLOEXEC = 1;

export type Native = ReturnType<typeof openLoader>["symbols"];

/** @throws FangsError sensor_unavailable where a library cannot be opened */
export function openNative(): Native {
  try {
    const libc = dlopen("libc.so.6", { memfd_create: { args: ["cstring", "u32"], returns: "i32" } });
    // The descriptors stay open: the linker knows a library by its path, and a reused number would be another's.
    const inMemory = (name: string, file: string): string => {
      const descriptor = libc.symbols.memfd_create(cString(name), MFD_CLOEXEC);
      if (descriptor < 0) throw new Error("memfd_create failed");
      const bytes = readFileSync(file);
      for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at);
      return `/proc/self/fd/${descriptor}`;
    };
    dlopen(inMemory("libz", LIBRARIES.libz), { zlibVersion: { args: [], returns: "ptr" } });
    dlopen(inMemory("libelf", LIBRARIES.libelf), { elf_version: { args: ["u32"], returns: "u32" } });
    dlopen(inMemory("libbpf", LIBRARIES.libbpf), { libbpf_major_version: { args: [], returns: "u32" } });
    return openLoader(inMemory("libsensor", LIBRARIES.libsensor)).symbols;
  } catch (cause) {
    throw new FangsError("sensor_unavailable", "The sensor's libraries could not be opened.", {
      hint: "fangs needs glibc 2.33 or newer on Linux; `fangs doctor` says what this host has.",
      cause,
    });
  }
}

function openLoader(path: string) {
  return dlopen(path, {
    sensor_open: { args: ["ptr", "u32"], returns: "ptr" },
    sensor_load: { args: ["ptr"], returns: "i32" },
    sensor_attach: { args: ["ptr"], returns: "i32" },
    sensor_report: { args: ["ptr", "ptr", "u32"], returns: "i32" },
    sensor_log: { args: ["ptr", "u32"], returns: "i32" },
    sensor_program: { args: ["ptr", "ptr"], returns: "i32" },
    sensor_map: { args: ["ptr", "ptr"], returns: "i32" },
    sensor_update: { args: ["i32", "ptr", "ptr"], returns: "i32" },
    sensor_lookup: { args: ["i32", "ptr", "ptr"], returns: "i32" },
    sensor_delete: { args: ["i32", "ptr"], returns: "i32" },
    sensor_next: { args: ["i32", "ptr", "ptr"], returns: "i32" },
    sensor_now: { args: [], returns: "u64" },
    sensor_ring_open: { args: ["ptr", "ptr"], returns: "i32" },
    sensor_ring_wait: { args: ["ptr", "i32"], returns: "i32" },
    sensor_ring_drain: { args: ["ptr", "ptr", "u32"], returns: "u32" },
    sensor_close: { args: ["ptr"], returns: "void" },
  });
}

/** NUL-terminated bytes, for FFI arguments. */
export function cString(text: string): Buffer {
  return Buffer.from(`${text}\0`);
}
