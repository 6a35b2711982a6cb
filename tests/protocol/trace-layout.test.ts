import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import {
  FLAG,
  HEADER,
  LAYOUTS,
  LOSS,
  MARKER,
  PHASE,
  RECORD,
  SOCKET,
  TRACE_VERSION,
  type Layout,
} from "../../protocol/trace.ts";

/** The C side of the boundary: sizes and offsets out of the compiled object's BTF. */
interface BtfType {
  kind: string;
  name: string;
  size?: number;
  members?: { name: string; bits_offset: number }[];
}

const dump = Bun.spawnSync(["bpftool", "-j", "btf", "dump", "file", "dist/obj/sensor.bpf.o"]);
const { types } = JSON.parse(dump.stdout.toString()) as { types: BtfType[] };
const struct = (name: string): BtfType => {
  const found = types.find((type) => type.kind === "STRUCT" && type.name === name);
  if (found === undefined) throw new Error(`the object's BTF has no struct ${name}`);
  return found;
};
const offsets = (name: string) => Object.fromEntries(struct(name).members!.map((m) => [m.name, m.bits_offset / 8]));

test("the header's fields lie where the probes put them", () => {
  expect(offsets("record_header")).toMatchObject({ ...HEADER });
  expect(struct("record_header").size).toBe(32);
});

test.each(Object.entries(LAYOUTS))("a %s record has the size and the offsets of its C struct", (_, layout: Layout) => {
  const c = offsets(layout.struct);
  expect(struct(layout.struct).size).toBe(layout.size);
  for (const [field, [offset]] of Object.entries(layout.fields)) expect([field, c[field]]).toEqual([field, offset]);
  const known = new Set([...Object.keys(layout.fields), "header", "reserved"]);
  expect(Object.keys(c).filter((field) => !known.has(field))).toEqual([]);
});

const header = readFileSync("bpf/trace.h", "utf8");
const constants: Record<string, number> = Object.fromEntries(
  [...header.matchAll(/^\s*([A-Z][A-Z_]+) = (\d+),/gm)].map(([, name, value]) => [name, Number(value)]),
);
const upper = (name: string): string => name.replace(/([A-Z])/g, "_$1").toUpperCase();

test.each([
  ["RECORD", RECORD],
  ["PHASE", PHASE],
  ["FLAG", FLAG],
  ["LOSS", LOSS],
  ["SOCKET", SOCKET],
  ["MARKER", MARKER],
])("the %s numbers are the same on both sides", (prefix, table: Record<string, number>) => {
  const ours: Record<string, number> = Object.fromEntries(
    Object.entries(table).map(([name, value]) => [`${prefix}_${upper(name)}`, value]),
  );
  const theirs = Object.entries(constants).filter(
    ([name]) => name.startsWith(`${prefix}_`) && !name.endsWith("_COUNT") && name !== "RECORD_NONE",
  );
  expect(ours).toEqual(Object.fromEntries<number>(theirs));
});

test("both sides speak of the same version", () => {
  expect(header).toContain(`#define TRACE_VERSION ${TRACE_VERSION}`);
});
