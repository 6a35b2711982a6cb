import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Client, createClient } from "../protocol/client.ts";
import { FangsError } from "../protocol/errors.ts";
import { dataDirectory } from "./data-directory.ts";
import type { Terminal } from "./terminal.ts";
import { type ClientTls, tlsOfEnvironment, tlsOptions } from "./tls-client.ts";

const DEFAULT_SERVER = "http://127.0.0.1:8443";

interface Connection {
  server?: string | undefined;
  token?: string | undefined;
  "data-dir"?: string | undefined;
  /** Those of the environment if not given. */
  tls?: ClientTls;
}

/**
 * A client for the server that the flags or the environment name, with the token they name. The token file of
 * this host's own server is used for a server on this host only: it must not be sent anywhere else.
 *
 * @throws FangsError usage for an address that is none, unauthorized where no token is found
 */
export async function connect(flags: Connection, terminal: Pick<Terminal, "env">): Promise<Client> {
  const { env } = terminal;
  const url = serverUrl(flags.server ?? env["FANGS_SERVER"] ?? DEFAULT_SERVER);
  const token = flags.token ?? env["FANGS_TOKEN"];
  const tls = tlsOptions(flags.tls ?? tlsOfEnvironment(env));
  if (token) return createClient({ url: url.href, token, ...tls });
  if (!isLocal(url))
    throw new FangsError("unauthorized", `There is no token for ${url.origin}.`, {
      hint: "Set FANGS_TOKEN to a token of that server.",
    });
  return createClient({ url: url.href, token: await adminToken(dataDirectory(flags["data-dir"], env)), ...tls });
}

// --- internal ---

function serverUrl(text: string): URL {
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "") return url;
  throw new FangsError("usage", `"${text}" is not the address of a server.`, {
    hint: `Write for example --server ${DEFAULT_SERVER}.`,
  });
}

function isLocal({ hostname }: URL): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

async function adminToken(directory: string): Promise<string> {
  const path = join(directory, "admin-token");
  try {
    const token = (await readFile(path, "utf8")).trim();
    if (token !== "") return token;
  } catch (cause) {
    throw new FangsError("unauthorized", `There is no token: ${path} cannot be read.`, {
      hint: "Start the server with `fangs up`, run this as the user who started it, or set FANGS_TOKEN.",
      cause,
    });
  }
  throw new FangsError("unauthorized", `There is no token: ${path} is empty.`);
}
