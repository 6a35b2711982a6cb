/** The story of many tests: a package with a baseline, and a run that has five deviations. */
import type { Deviation } from "../../protocol/models.ts";
import { completeRun, type TestServer } from "./support.ts";

export const FIVE = ["/1", "/2", "/3", "/4", "/5"];

export async function deviationsOf(server: TestServer, run: string): Promise<Deviation[]> {
  const { deviations } = await server.admin.deviations({ run });
  return deviations.toSorted((a, b) => (a.value < b.value ? -1 : 1));
}

export async function find(server: TestServer, run: string, value: string): Promise<Deviation> {
  return (await deviationsOf(server, run)).find((one) => one.value === value)!;
}

export async function valuesOf(server: TestServer): Promise<string[]> {
  return (await server.admin.baseline("lodash")).entries.map((entry) => entry.value);
}

/** A package with the baseline `/a`, and a run with five deviations. */
export async function five(server: TestServer) {
  await completeRun(server, ["/a"], { version: "1.0.0" });
  return completeRun(server, ["/a", ...FIVE], { version: "1.1.0" });
}
