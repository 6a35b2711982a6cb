/** Facts of opens and changes of files. Opens are most of a trace: no string is made of them here. */
import { CHANGE_SYSCALLS, ERRNO } from "../../protocol/syscalls.ts";
import { FACT } from "../../protocol/facts.ts";
import { FLAG, HEADER, LAYOUTS, type TraceCursor } from "../../protocol/trace.ts";
import { INSTALLER, type Actors } from "./actors.ts";
import { cleanPath } from "./clean-path.ts";
import { dependencyBelow } from "./dependencies.ts";
import type { DecoyOpened } from "./decoy-files.ts";
import type { FactWriter } from "./fact-writer.ts";
import { isForeignMemory, type ClassifyPath } from "./path-classes.ts";
import { NPM_PROGRAMS, PATH } from "./path-rules.ts";

export interface FileFacts {
  /** Each reads the cursor's record; `writer.origin` is set already. */
  open(cursor: TraceCursor): void;
  change(cursor: TraceCursor): void;
}

type Access = "read" | "write" | "delete";
/** What a change does to its first and its second path; `point` makes another name for what is there. */
type Effect = Access | "point";

const OPEN = LAYOUTS.open;
const CHANGE = LAYOUTS.change;
/** What stands for all of npm's own files: which of them it loads is no behaviour of a release. */
const NPM_FILES = new TextEncoder().encode(`${NPM_PROGRAMS[0]}**`);
const O_ACCESS = 3;
const O_CREATES = 0x40 | 0x200;
const O_PATH = 0x200000;
/** Of the kernel's file->f_mode: include/linux/fs.h. */
const FMODE_WRITE = 2;

const EFFECTS = new Map<number, readonly [path: Effect, target: Effect | null]>([
  ...effects(["unlink", "unlinkat", "rmdir"], "delete", null),
  ...effects(["rename", "renameat", "renameat2"], "delete", "write"),
  ...effects(["link", "linkat", "symlink", "symlinkat"], "point", "write"),
]);
/** Their first path is the content of the link, kept as it was given. */
const LINKS: ReadonlySet<number> = new Set([CHANGE_SYSCALLS.symlink, CHANGE_SYSCALLS.symlinkat]);
const MAKES_DIRECTORY: ReadonlySet<number> = new Set([CHANGE_SYSCALLS.mkdir, CHANGE_SYSCALLS.mkdirat]);
const MOVES: ReadonlySet<number> = new Set([
  CHANGE_SYSCALLS.rename,
  CHANGE_SYSCALLS.renameat,
  CHANGE_SYSCALLS.renameat2,
]);

export function createFileFacts(options: {
  project: string;
  classify: ClassifyPath;
  decoyOpened: DecoyOpened;
  actors: Actors;
  writer: FactWriter;
}): FileFacts {
  const { classify, decoyOpened, actors, writer } = options;
  const { origin } = writer;
  const installer = actors.number(INSTALLER);
  const modules = new TextEncoder().encode(`${options.project}/node_modules/`);

  /** npm may read its own configuration, unless that is a decoy: it was pointed away from those. */
  const isSecret = (bits: number): boolean => {
    if ((bits & PATH.credential) === 0) return false;
    return (bits & PATH.decoy) !== 0 || (bits & PATH.npmConfig) === 0 || origin.actor !== installer;
  };

  const isForeign = (bits: number, bytes: Uint8Array, start: number, end: number): boolean => {
    if (origin.actor === installer || (bits & (PATH.project | PATH.modules)) === 0) return false;
    if (bits & PATH.project) return true;
    const dependency = dependencyBelow(modules, bytes, start, end);
    return dependency !== null && dependency !== actors.ownDependency(origin.actor);
  };

  const report = (access: Access, bits: number, bytes: Uint8Array, start: number, end: number): void => {
    const secret = isSecret(bits);
    if (secret && access !== "delete") writer.bytes("cred_new_access", 0, bytes, start, end);
    if (access === "read") {
      if (bits & PATH.allocator) return;
      if (bits & PATH.npmProgram) writer.bytes("fs_new_path_read", 0, NPM_FILES, 0, NPM_FILES.length);
      else if (!secret) writer.bytes("fs_new_path_read", FACT.fold, bytes, start, end);
    } else if (access === "write" && bits & PATH.persistence) {
      writer.bytes("persist_new_path", 0, bytes, start, end);
    } else if (isForeign(bits, bytes, start, end)) {
      writer.bytes("fs_new_foreign_write", 0, bytes, start, end);
    } else if (!secret || access === "delete") {
      // What npm unpacks is not news by the file: a new dependency shows as one value.
      const fold = origin.actor === installer && bits & PATH.modules ? FACT.fold : 0;
      writer.bytes(access === "write" ? "fs_new_path_write" : "fs_new_path_delete", fold, bytes, start, end);
    }
  };

  const apply = (effect: Effect, bytes: Uint8Array, moves: boolean): void => {
    if (bytes.length === 0) return;
    const bits = classify(bytes, 0, bytes.length, origin.pid);
    // Another name for a secret is a way to it, and so is carrying it elsewhere.
    if ((effect === "point" || moves) && isSecret(bits)) writer.bytes("cred_new_access", 0, bytes, 0, bytes.length);
    if (effect !== "point") report(effect, bits, bytes, 0, bytes.length);
  };

  return {
    open(cursor) {
      const { view, offset } = cursor;
      const flags = view.getUint16(offset + HEADER.flags, true);
      const length = view.getUint16(offset + OPEN.fields.path_length[0], true);
      if (length === 0 || flags & FLAG.detached) return;
      const result = view.getInt32(offset + HEADER.result, true);
      const openFlags = view.getUint32(offset + OPEN.fields.open_flags[0], true);
      // The file's own mode counts, too: openat2's flags lie in memory that the process can change meanwhile, and
      // creat has none.
      const mode = view.getUint32(offset + OPEN.fields.fmode[0], true);
      const asksToWrite = (openFlags & O_PATH) === 0 && (openFlags & (O_ACCESS | O_CREATES)) !== 0;
      const writes = asksToWrite || (mode & FMODE_WRITE) !== 0;

      let bytes = cursor.bytes;
      let start = offset + OPEN.size;
      let end = start + length;
      if (result < 0) {
        bytes = cleanPath(bytes.subarray(start, end));
        start = 0;
        end = bytes.length;
      }
      const bits = classify(bytes, start, end, origin.pid);
      // A search for a module tries many names that do not exist. A secret that was only tried for is a fact.
      if (!writes && isAbsent(result) && !isSecret(bits)) return;
      if (isForeignMemory(bytes, start, end, origin.pid)) writer.text("proc_new_injection", "/proc/<PID>/mem");
      const decoy = (bits & PATH.decoy) === 0 && result >= 0 ? decoyOpened(view, offset) : null;
      if (decoy !== null) writer.bytes("cred_new_access", 0, decoy, 0, decoy.length);
      report(writes && !(bits & PATH.device) ? "write" : "read", bits, bytes, start, end);
    },
    change(cursor) {
      const { view, offset } = cursor;
      const number = view.getUint32(offset + CHANGE.fields.syscall[0], true);
      const result = view.getInt32(offset + HEADER.result, true);
      // `mkdir -p` asks for every directory on the way; one that is there is not changed by it.
      if (result === -(ERRNO["EEXIST"] ?? 0) && MAKES_DIRECTORY.has(number)) return;
      const path = offset + CHANGE.size;
      const target = path + view.getUint16(offset + CHANGE.fields.path_length[0], true);
      const end = target + view.getUint16(offset + CHANGE.fields.target_length[0], true);
      const [onPath, onTarget] = EFFECTS.get(number) ?? ["write", null];
      const named = cleanPath(cursor.bytes.subarray(target, end));
      const given = cursor.bytes.subarray(path, target);
      apply(onPath, cleanPath(LINKS.has(number) ? besideLink(given, named) : given), MOVES.has(number));
      if (onTarget !== null) apply(onTarget, named, false);
    },
  };
}

// --- internal ---

const SLASH = 0x2f;

/** What a link's content names: a relative one counts from where the link lies. */
function besideLink(content: Uint8Array, link: Uint8Array): Uint8Array {
  if (content[0] === SLASH) return content;
  const directory = link.subarray(0, link.lastIndexOf(SLASH) + 1);
  return Buffer.concat([directory, content]);
}

function effects(names: (keyof typeof CHANGE_SYSCALLS)[], path: Effect, target: Effect | null) {
  return names.map((name): [number, readonly [Effect, Effect | null]] => [CHANGE_SYSCALLS[name], [path, target]]);
}

function isAbsent(result: number): boolean {
  return result === -2 || result === -20; // ENOENT, ENOTDIR
}
