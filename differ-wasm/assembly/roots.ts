import { AT, DOT, GREATER, SLASH, findSlash, put, putByte, same } from "./bytes";
import { isNodeModules, putAnyBelow, putDependencyStart, putHome, putPackage, putProject } from "./contract";
import { PIECES, SCOPE, SCOPE_STRIDE } from "./layout";
import { pieceEnd, pieceSize, pieceStart, setPiece, split } from "./pieces";
import { modulesAt } from "./scan";

// A root in the scope: its number of components + 1 (0: there is none), the size of its clean text, its components,
// the clean text, the text as the host wrote it.
export const PROJECT: u32 = 0;
export const HOME: u32 = 1;
export const PACKAGE: u32 = 2;
const TEXT_SIZE: usize = 4;
const COMPONENTS: usize = 8;
const TEXT: usize = 0x1800;
/** A root's text must be shorter than this, so that its components fit, too. */
export const ROOT_MAX: u32 = 0x600;

/** How many components the root took that writeRoot() wrote. */
export let rootPieces: u32 = 0;
/** Whether it was a package's own directory, the one under test or a dependency. */
export let rootIsPackage: bool = false;

/** Where the host writes a root's text, with a slash in front (also for a package's name). */
export function rootText(which: u32): usize {
  return rootAt(which) + TEXT;
}

/** Takes the text over; a root without text never matches. */
export function setRoot(which: u32, size: u32): void {
  const root = rootAt(which);
  if (size == 0 || load<u8>(rootText(which)) != SLASH) {
    store<u32>(root, 0);
    return;
  }
  const count = split(rootText(which), size);
  // The clean text takes the place of the given one: no component moves behind where it was.
  let o = rootText(which);
  for (let i: u32 = 0; i < count; i++) {
    const start = putByte(o, SLASH);
    memory.copy(start, pieceStart(i), pieceSize(i));
    o = start + pieceSize(i);
    setPiece(i, start, o);
  }
  memory.copy(root + COMPONENTS, PIECES, (<usize>count) << 3);
  store<u32>(root, count + 1);
  store<u32>(root, <u32>(o - rootText(which)), TEXT_SIZE);
}

/**
 * The same as writeRoot() for a path that isSettled(): writes its whole normal form and returns the new end. 0 if the
 * path lies below no root, UNSURE if its components must be looked at.
 */
export function writeSettledRoot(o: usize, p: usize, end: usize, fold: bool): usize {
  if (isTextBelow(PROJECT, p, end)) {
    const modules = p + rootSize(PROJECT);
    if (modulesAt < modules || modulesAt == 0) return put(putProject(o), modules, end);
    const name = modulesAt + MODULES_SIZE;
    let nameEnd = findSlash(name, end);
    if (load<u8>(name) == AT) {
      if (nameEnd == end) return UNSURE;
      nameEnd = findSlash(nameEnd + 1, end);
    }
    if (modulesAt == modules && isTextBelow(PACKAGE, name - 1, nameEnd) && rootSize(PACKAGE) == nameEnd - name + 1) {
      o = putPackage(o);
    } else {
      o = putByte(put(putDependencyStart(o), name, nameEnd), GREATER);
    }
    return fold ? putAnyBelow(o) : put(o, nameEnd, end);
  }
  return isTextBelow(HOME, p, end) ? put(putHome(o), p + rootSize(HOME), end) : 0;
}
export const UNSURE: usize = 1;
/** `/node_modules/` */
const MODULES_SIZE: usize = 14;

/** Whether the clean path from p to end is the root or lies below it. */
function isTextBelow(which: u32, p: usize, end: usize): bool {
  if (load<u32>(rootAt(which)) == 0) return false;
  const size = rootSize(which);
  if (p + size > end || !same(p, rootText(which), size)) return false;
  return p + size == end || load<u8>(p + size) == SLASH;
}

function rootSize(which: u32): usize {
  return load<u32>(rootAt(which), TEXT_SIZE);
}

/** Writes the root that the path at hand lies below, and returns the new end; 0 if it lies below none. */
export function writeRoot(o: usize, count: u32): usize {
  rootIsPackage = false;
  if (isBelow(PROJECT, 0, count)) {
    const project = rootCount(PROJECT);
    for (let i = count; i > project; i--) {
      const taken = dependencyAt(i - 1, count);
      if (taken) return writePackage(o, i - 1, taken, project, count);
    }
    rootPieces = project;
    return putProject(o);
  }
  if (!isBelow(HOME, 0, count)) return 0;
  rootPieces = rootCount(HOME);
  return putHome(o);
}

function rootAt(which: u32): usize {
  return SCOPE + <usize>which * SCOPE_STRIDE;
}

function rootCount(which: u32): u32 {
  return load<u32>(rootAt(which)) - 1;
}

/** Whether the root's components are those of the path from component `at` on. */
function isBelow(which: u32, at: u32, count: u32): bool {
  const root = rootAt(which);
  if (load<u32>(root) == 0) return false;
  const needed = load<u32>(root) - 1;
  if (at + needed > count) return false;
  for (let i: u32 = 0; i < needed; i++) {
    const start: usize = load<u32>(root + COMPONENTS + ((<usize>i) << 3));
    const size: usize = load<u32>(root + COMPONENTS + ((<usize>i) << 3), 4) - start;
    if (size != pieceSize(at + i) || !same(start, pieceStart(at + i), size)) return false;
  }
  return true;
}

/** How many components name a dependency behind a node_modules at i: 2 with a scope, 0 if none does. */
function dependencyAt(i: u32, count: u32): u32 {
  if (!isNodeModules(pieceStart(i), pieceSize(i)) || i + 1 >= count) return 0;
  const first = load<u8>(pieceStart(i + 1));
  if (first == DOT) return 0;
  if (first != AT) return 1;
  return i + 2 < count && load<u8>(pieceStart(i + 2)) != DOT ? 2 : 0;
}

/** The dependency whose node_modules is component i and whose name takes `named` components. */
function writePackage(o: usize, i: u32, named: u32, project: u32, count: u32): usize {
  rootIsPackage = true;
  rootPieces = i + 1 + named;
  if (i == project && rootCount(PACKAGE) == named && isBelow(PACKAGE, i + 1, count)) return putPackage(o);
  o = put(putDependencyStart(o), pieceStart(i + 1), pieceEnd(i + 1));
  if (named == 2) o = put(putByte(o, SLASH), pieceStart(i + 2), pieceEnd(i + 2));
  return putByte(o, GREATER);
}
