import { readdirSync } from "node:fs";
import { show } from "./run.ts";

/** Types, format and style of every language in the tree; returns how many of them complain. */
export async function lint(): Promise<number> {
  const c = readdirSync("bpf").map((file) => `bpf/${file}`);
  const checks = [
    [process.execPath, "check", "--no-script"],
    [process.execPath, "fmt", "--no-script", "--check", "."],
    ["node_modules/.bin/oxlint"],
    ["node_modules/.bin/knip"],
    ["clang-format", "--dry-run", "--Werror", ...c],
    ["shellcheck", ".ci/run", "deploy/build-image.sh"],
  ];
  let complaints = 0;
  for (const check of checks) if ((await show(check)) !== 0) complaints += 1;
  return complaints;
}
