/** The core as native code: translated, compiled with gcc, and loaded into this process. */
import { dlopen, FFIType, toArrayBuffer } from "bun:ffi";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Core } from "../../differ-wasm/core.ts";
import { differOn } from "../../differ-wasm/host.ts";
import type { Differ } from "../../differ-wasm/types.ts";
import { coreAsC } from "./to-c.ts";

const { u32, bool } = FFIType;
const MEMORY = 0x6000_0000;
const MEMORY_SIZE = 0x1002_0000;
const FLAGS = ["-O3", "-march=native", "-std=gnu11", "-shared", "-fPIC", "-fvisibility=hidden"];
const none = { args: [], returns: u32 } as const;
const one = { args: [u32], returns: u32 } as const;
const two = { args: [u32, u32], returns: u32 } as const;

/** A differ on native code; the reason in a sentence where there can be none. One per process. */
export function openNative(): Differ | string {
  if (process.platform !== "linux" || process.arch !== "x64") return "it is written for Linux on x86-64";
  if (Bun.which("gcc") === null) return "there is no gcc";
  const folder = mkdtempSync(join(tmpdir(), "fangs-native-"));
  try {
    writeFileSync(join(folder, "core.c"), coreAsC());
    const library = join(folder, "core.so");
    const source = join(import.meta.dir, "native.c");
    const command = ["gcc", ...FLAGS, `-DCORE="${join(folder, "core.c")}"`, "-o", library, source];
    const { exitCode, stderr } = Bun.spawnSync(command, { stderr: "pipe" });
    if (exitCode !== 0) throw new Error(`gcc: ${stderr.toString()}`);
    return load(library);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

// --- internal ---

function load(library: string): Differ | string {
  const { symbols: core } = dlopen(library, {
    native_open: { args: [], returns: bool },
    native_KEY: none,
    native_KEY_SIZE: none,
    native_WINDOW: none,
    native_WINDOW_SIZE: none,
    native_CONFIG: none,
    native_CONFIG_SIZE: none,
    native_TABLE: none,
    native_ARENA: none,
    native_VALUE_MAX: none,
    native_ROOT_MAX: none,
    native_prepare: none,
    native_begin: none,
    native_rootText: one,
    native_setRoot: two,
    native_clear: two,
    native_rememberValues: one,
    native_restore: two,
    native_seal: two,
    native_rewind: none,
    native_run: one,
    native_recordCount: none,
    native_recordsEnd: none,
    native_malformedFacts: none,
    native_tooLongFacts: none,
    native_isFull: none,
  });
  if (!core.native_open()) return "its place in memory is taken";
  const native: Core = {
    // The address is the library's own mapping, for as long as the process lives.
    memory: { buffer: toArrayBuffer(MEMORY as Parameters<typeof toArrayBuffer>[0], 0, MEMORY_SIZE) },
    KEY: { value: core.native_KEY() },
    KEY_SIZE: { value: core.native_KEY_SIZE() },
    WINDOW: { value: core.native_WINDOW() },
    WINDOW_SIZE: { value: core.native_WINDOW_SIZE() },
    CONFIG: { value: core.native_CONFIG() },
    CONFIG_SIZE: { value: core.native_CONFIG_SIZE() },
    TABLE: { value: core.native_TABLE() },
    ARENA: { value: core.native_ARENA() },
    VALUE_MAX: { value: core.native_VALUE_MAX() },
    ROOT_MAX: { value: core.native_ROOT_MAX() },
    prepare: () => void core.native_prepare(),
    begin: () => void core.native_begin(),
    rootText: core.native_rootText,
    setRoot: core.native_setRoot,
    clear: core.native_clear,
    rememberValues: (size) => void core.native_rememberValues(size),
    restore: core.native_restore,
    seal: core.native_seal,
    rewind: () => void core.native_rewind(),
    run: core.native_run,
    recordCount: core.native_recordCount,
    recordsEnd: core.native_recordsEnd,
    malformedFacts: core.native_malformedFacts,
    tooLongFacts: core.native_tooLongFacts,
    isFull: core.native_isFull,
  };
  return differOn(native);
}
