import { join } from "node:path";
import { DIST, show } from "./run.ts";

/** The main job on a harmless package, by the built executable. */
export function runDemo(): Promise<number> {
  return show([join(DIST, "fangs"), "demo"]);
}
