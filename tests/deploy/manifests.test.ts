/** What deploy/ starts is what the executable takes: commands, flags, variables and files are those of today. */
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { checkArguments } from "../../cli/arguments.ts";
import { settingArgs } from "../../cli/settings/args.ts";
import { strangeVariables } from "../../cli/settings/environment.ts";
import { parseConfigFile } from "../../cli/settings/file.ts";
import { resolveSettings } from "../../cli/settings/resolve.ts";
import { USED_BY } from "../../cli/settings/table.ts";

const DEPLOY = join(import.meta.dir, "../../deploy");
const read = (path: string): string => readFileSync(join(DEPLOY, path), "utf8");
const units = readdirSync(join(DEPLOY, "systemd"));

/** Throws where a command line is none. */
function checkCommand(words: readonly string[]): void {
  const [command = "", ...flags] = words;
  if (!Object.hasOwn(USED_BY, command)) throw new Error(`${command} is started by nothing here`);
  checkArguments(settingArgs(USED_BY[command as keyof typeof USED_BY]), flags, `fangs ${command}`);
}

/** The FANGS_ variables of a text that no setting has. */
function unknownVariables(text: string): string[] {
  return strangeVariables(Object.fromEntries((text.match(/\bFANGS_[A-Z_]+\b/g) ?? []).map((name) => [name, "x"])));
}

test("every variable in deploy/ is one that a setting has", () => {
  const files = readdirSync(DEPLOY, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  expect(files.length).toBeGreaterThan(8);
  for (const { parentPath, name } of files)
    expect([name, unknownVariables(readFileSync(join(parentPath, name), "utf8"))]).toEqual([name, []]);
});

describe.each(units)("the unit %s", (unit) => {
  const text = read(`systemd/${unit}`);
  const value = (key: string): string => new RegExp(`^${key}=(.*)$`, "m").exec(text)?.[1] ?? "";

  test("starts a command that there is, and reloads it by the signal that it knows", () => {
    checkCommand(value("ExecStart").split(" ").slice(1));
    expect(value("ExecReload")).toBe("kill -HUP $MAINPID");
  });

  test("is one that systemd accepts", () => {
    const analyse = Bun.which("systemd-analyze");
    if (analyse === null) return;
    const checked = Bun.spawnSync([analyse, "verify", join(DEPLOY, "systemd", unit)]);
    // That the executable is not installed here is no fault of the unit.
    const faults = checked.stderr
      .toString()
      .split("\n")
      .filter((line) => line !== "" && !/is not executable|docker\.service/.test(line));
    expect(faults).toEqual([]);
  });

  test("takes away what it does not need, by systemd's own measure", () => {
    const analyse = Bun.which("systemd-analyze");
    if (analyse === null) return;
    // Tenths: the server is at most 2.0, a runner 6.0, and a unit without any hardening 9.6.
    const threshold = unit === "fangs-serve.service" ? "20" : "60";
    const rated = Bun.spawnSync([
      analyse,
      "security",
      "--offline=true",
      `--threshold=${threshold}`,
      join(DEPLOY, "systemd", unit),
    ]);
    expect([
      rated.exitCode,
      rated.stdout
        .toString()
        .split("\n")
        .findLast((line) => line.includes("Overall")),
    ]).toEqual([0, expect.any(String)]);
  });
});

interface Container {
  args: string[];
  securityContext: Record<string, unknown>;
}
interface Manifest {
  kind: string;
  data?: Record<string, string>;
  spec: {
    template: { spec: { containers: Container[]; terminationGracePeriodSeconds: number; hostNetwork?: boolean } };
  };
}

/** The documents of a file. */
function manifests(file: string): Manifest[] {
  return parseAllDocuments(read(`kubernetes/${file}`)).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as Manifest;
  });
}

describe("the Kubernetes manifests", () => {
  const all = ["serve.yaml", "runner.yaml"].flatMap(manifests);
  const pods = all.filter(({ kind }) => kind === "Deployment" || kind === "DaemonSet");

  test("start commands that there are", () => {
    for (const pod of pods) for (const { args } of pod.spec.template.spec.containers) checkCommand(args);
    expect(pods).toHaveLength(2);
  });

  test("have a configuration that holds, and give a server more time than it takes to drain", () => {
    const file = parseConfigFile(all.find(({ kind }) => kind === "ConfigMap")!.data!["fangs.yaml"]!, "fangs.yaml");
    // A server that others reach does not start without TLS.
    expect([file.setting("tls-cert"), file.setting("tls-key")]).not.toContain(undefined);
    const words = (name: "drain" | "drain-delay") => ({ [name]: file.setting(name)!.words });
    const { values } = resolveSettings(
      ["drain", "drain-delay"],
      { ...words("drain"), ...words("drain-delay") },
      { FANGS_DATA_DIR: "/nowhere" },
    );
    const { terminationGracePeriodSeconds: grace } = pods.find(({ kind }) => kind === "Deployment")!.spec.template.spec;
    // Waiting for requests, then for analyses.
    expect(grace * 1000).toBeGreaterThan(values["drain-delay"] + values.drain);
  });

  test("give the server no privilege at all", () => {
    const [{ securityContext } = { securityContext: {} }] = pods[0]!.spec.template.spec.containers;
    expect(securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    expect(pods[0]!.spec.template.spec.hostNetwork).toBeUndefined();
  });
});

test("the compose file starts commands that there are, and gives the server no privilege", () => {
  const { services } = Bun.YAML.parse(read("compose/compose.yaml")) as {
    services: Record<string, { command?: string[]; cap_drop?: string[]; read_only?: boolean; privileged?: boolean }>;
  };
  for (const { command } of Object.values(services)) if (command !== undefined) checkCommand(command);
  expect(services["serve"]).toMatchObject({ cap_drop: ["ALL"], read_only: true });
  expect(services["serve"]?.privileged).toBeUndefined();
});
