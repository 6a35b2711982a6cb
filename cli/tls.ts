import type { CommandDef } from "citty";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { X509Certificate } from "node:crypto";
import { hostname } from "node:os";
import { join } from "node:path";
import { FangsError } from "../protocol/errors.ts";
import { group, jsonArgs, leaf } from "./command.ts";
import { printJson, printLines, table, time } from "./output.ts";
import { parseDuration } from "./values.ts";

const init = leaf({
  description:
    "Make an authority and certificates for the server and its runners, or new ones under the authority that is there.",
  args: {
    dir: { type: "positional", required: true, description: "Where they lie; it is made if it is not there." },
    host: {
      type: "string",
      valueHint: "name",
      description: "A name or address of the server, again for each; else this host's.",
    },
    runner: { type: "string", valueHint: "name", description: "A runner, again for each; else one named runner." },
    valid: {
      type: "string",
      valueHint: "time",
      default: "365d",
      description: "For how long the certificates are good.",
    },
    ...jsonArgs,
  },
  async run({ args, all, terminal }) {
    const hosts = all("host").length > 0 ? all("host") : ["localhost", "127.0.0.1", "::1", hostname()];
    const runners = all("runner").length > 0 ? all("runner") : ["runner"];
    const lifeMs = parseDuration(args.valid);
    for (const name of hosts) check(name, /^[a-zA-Z0-9*]([a-zA-Z0-9.-]{0,251}[a-zA-Z0-9])?$|^[0-9a-fA-F:.]{2,45}$/);
    for (const name of runners) check(name, /^[a-zA-Z0-9._-]{1,64}$/);
    const { issue, makeAuthority } = await import("./certificates.ts");
    const now = Date.now();
    mkdirSync(args.dir, { recursive: true, mode: 0o700 });
    chmodSync(args.dir, 0o700);

    const made: Made[] = [];
    let authority = readAuthority(args.dir, now);
    if (authority === undefined) {
      const fresh = await makeAuthority(now);
      made.push(write(args.dir, "ca", fresh));
      authority = fresh;
    }
    made.push(write(args.dir, "server", await issue(authority, { server: hosts }, { now, lifeMs })));
    for (const runner of runners)
      made.push(write(args.dir, `runner-${runner}`, await issue(authority, { runner }, { now, lifeMs })));

    if (args.json) return printJson(terminal, "fangs.tls/1", { certificates: made });
    const rows = made.map(({ cert, key, ends }) => [cert, key, time(ends)]);
    printLines(terminal, table(COLUMNS, rows));
    terminal.err("Keep ca-key.pem off the server; docs/tls.md says what goes where, and how to renew.\n");
  },
});

export const command: CommandDef = group({ init });

// --- internal ---

const COLUMNS = ["CERTIFICATE", "KEY", "ENDS"].map((title) => ({ title }));

interface Made {
  cert: string;
  key: string;
  ends: number;
}

function check(name: string, allowed: RegExp): void {
  if (allowed.test(name)) return;
  throw new FangsError("usage", `"${name}" is no name for a certificate.`);
}

/** The authority in a directory, to sign with; undefined: there is none yet. */
function readAuthority(directory: string, now: number): { cert: string; key: string } | undefined {
  const [cert, key] = [join(directory, "ca.pem"), join(directory, "ca-key.pem")];
  if (!existsSync(cert) && !existsSync(key)) return undefined;
  if (!existsSync(cert) || !existsSync(key)) {
    throw new FangsError("conflict", `${directory} has one half of an authority only.`, {
      hint: "Put ca.pem and ca-key.pem there to sign new certificates, or name another directory.",
    });
  }
  const authority = { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
  if (endOf(authority.cert) > now) return authority;
  throw new FangsError("conflict", `The authority ${cert} has ended.`, {
    hint: "Make a new one in another directory, and give it to the server and all runners.",
  });
}

function endOf(cert: string): number {
  return Date.parse(new X509Certificate(cert).validTo);
}

function write(directory: string, name: string, { cert, key, ends }: { cert: string; key: string; ends: Date }): Made {
  const paths = { cert: join(directory, `${name}.pem`), key: join(directory, `${name}-key.pem`) };
  replace(paths.key, key, 0o600);
  replace(paths.cert, cert, 0o644);
  return { ...paths, ends: ends.getTime() };
}

/** A reader sees the old file or the new one, and nobody's link of that name gets the key. */
function replace(path: string, text: string, mode: number): void {
  rmSync(`${path}.new`, { force: true });
  writeFileSync(`${path}.new`, text, { mode, flag: "wx" });
  renameSync(`${path}.new`, path);
}
