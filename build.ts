/**
 * Builds fangs, and sets up what building and testing need. Runs on a fresh machine: it imports nothing from
 * node_modules before it has installed them.
 *
 *   bun build.ts           build dist/fangs
 *   bun build.ts setup     install what is missing (packages, Debian packages, Docker)
 *   bun build.ts demo      all of that, then the main job on a demo package
 *   bun build.ts test      all of that, then every test
 *   bun build.ts lint      types, format and style
 */
import { installDependencies } from "./build/dependencies.ts";
import { say, show } from "./build/run.ts";

const commands: Record<string, () => Promise<number>> = {
  build: async () => {
    await build();
    return 0;
  },
  setup: async () => {
    await setup();
    return 0;
  },
  demo: async () => {
    await setup();
    await build();
    const { runDemo } = await import("./build/demo.ts");
    return runDemo();
  },
  test: async () => {
    const docker = await setup();
    await build();
    const { runTests } = await import("./build/tests.ts");
    try {
      return await runTests(process.argv.slice(3));
    } finally {
      await docker?.stop();
    }
  },
  lint: async () => {
    await setup();
    const { lint } = await import("./build/lint.ts");
    return lint();
  },
};

async function setup() {
  const { installSystemPackages } = await import("./build/system-packages.ts");
  await installSystemPackages();
  const { ensureDocker } = await import("./build/docker.ts");
  return ensureDocker();
}

async function build(): Promise<void> {
  const { installSystemPackages } = await import("./build/system-packages.ts");
  await installSystemPackages();
  const { buildProbes } = await import("./build/probes.ts");
  const { buildCore } = await import("./build/core.ts");
  const { buildExecutable } = await import("./build/executable.ts");
  await buildProbes();
  await buildCore();
  await buildExecutable();
}

const name = process.argv[2] ?? "build";
const command = commands[name];
if (command === undefined) {
  say(`There is no "${name}"; there are: ${Object.keys(commands).join(", ")}.`);
  process.exit(2);
}
try {
  // The bundler remembers that there was no node_modules: what was just installed is seen by a new process.
  if (installDependencies()) process.exit(await show([process.execPath, ...process.argv.slice(1)]));
  process.exit(await command());
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  if (error instanceof AggregateError) for (const one of error.errors) say(String(one));
  process.exit(1);
}
