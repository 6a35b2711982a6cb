/** FANGS_ variables that no setting has: most are typing errors. */
import { nearest } from "../nearest.ts";
import { type Environment, type SettingName, SETTINGS, variableOf } from "./table.ts";

/** Those that are read elsewhere, by every command. */
const OTHERS = ["FANGS_DEBUG"];

/** A warning for each. They are no errors: a target may name such a variable as the one that holds its secret. */
export function strangeVariables(env: Environment): string[] {
  const known = [...OTHERS, ...(Object.keys(SETTINGS) as SettingName[]).map(variableOf)];
  return Object.keys(env)
    .filter((name) => name.startsWith("FANGS_") && !known.includes(name))
    .toSorted()
    .map((name) => {
      const meant = nearest(name, known);
      return `${name} is no setting and changes nothing by itself${meant === undefined ? "" : `; the nearest is ${meant}`}`;
    });
}
