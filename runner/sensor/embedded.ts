/** What build.ts made for the sensor, embedded in the executable; each is a path that readFileSync can read. */
import libbpf from "../../dist/obj/libbpf.so.1" with { type: "file" };
import libelf from "../../dist/obj/libelf.so.1" with { type: "file" };
import libsensor from "../../dist/obj/libsensor.so" with { type: "file" };
import libz from "../../dist/obj/libz.so.1" with { type: "file" };
import object from "../../dist/obj/sensor.bpf.o" with { type: "file" };

/** In the order in which they must be opened: each finds what it needs among those before it. */
export const LIBRARIES = { libz, libelf, libbpf, libsensor };
export const BPF_OBJECT = object;
