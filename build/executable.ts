import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DIST, ROOT, run } from "./run.ts";
import { step } from "./step.ts";

/** `dist/fangs`: everything in one file. */
export async function buildExecutable(): Promise<void> {
  const outfile = join(DIST, "fangs");
  const registry = run(["npm", "config", "get", "registry"]).trim();
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
  await step({
    name: "executable",
    inputs: [
      "*.ts",
      "{cli,log,npm,protocol,runner,server,differ-wasm,migrations}/**",
      // `fangs bench` is in it, too.
      "tests/{bench,corpus}/**",
      "dist/obj/*.{o,so,wasm}",
      "dist/obj/*.so.1",
      "bun.lock",
    ],
    key: `${registry} ${version}`,
    outputs: [outfile],
    make: async () => {
      const built = await Bun.build({
        // The worker is an entry of its own: the bundler does not follow `new Worker`.
        entrypoints: [join(ROOT, "cli.ts"), join(ROOT, "runner/sensor/worker.ts")],
        root: ROOT,
        compile: {
          outfile,
          // fangs runs in untrusted directories: their bunfig.toml would be code, their .env settings.
          autoloadBunfig: false,
          autoloadDotenv: false,
          autoloadTsconfig: false,
          autoloadPackageJson: false,
        },
        // Optional native code of ssh2, which dockerode loads for ssh:// hosts and does without.
        external: ["cpu-features", "*/sshcrypto.node"],
        // So that a stack trace names what can be looked up.
        minify: false,
        define: {
          "process.env.FANGS_DEFAULT_REGISTRY": JSON.stringify(registry),
          "process.env.FANGS_VERSION": JSON.stringify(version),
        },
      });
      if (!built.success) throw new Error(built.logs.map(String).join("\n"));
    },
  });
}
