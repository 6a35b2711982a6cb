/** What a deviation is about, as the words of standards have it: a file, a name, an address. */
import { parseAddress } from "../../protocol/address.ts";
import type { Deviation } from "../../protocol/models.ts";
import { oneLine } from "./text.ts";

/** Characters of a value. */
const LIMIT = 2000;

/** What of it there is; the texts of strangers are bounded and on one line. */
export interface Artifact {
  /** As it was seen, not as it was normalised. */
  file?: string;
  /** Asked for in the DNS. */
  question?: string;
  /** Spoken to by name: in TLS, in HTTP, or by the address that an answer gave it. */
  host?: string;
  ip?: string;
  port?: number;
}

/** Empty where nothing of it has a place of its own, as of a command or a call. */
export function artifactOf({ category, value, evidence }: Deviation): Artifact {
  const observed = oneLine(evidence.observed, LIMIT);
  const shown = oneLine(value, LIMIT);
  switch (category) {
    case "net_new_dns":
      return { question: shown };
    case "net_new_https_host":
    case "net_new_http_host":
      return { host: shown };
    case "net_new_destination":
      return endpoint(shown);
    case "ipc_new_socket":
    case "fs_new_path_read":
    case "fs_new_path_write":
    case "fs_new_path_delete":
    case "fs_new_foreign_write":
    case "persist_new_path":
    case "proc_new_exec":
    case "proc_new_fileless":
    case "cred_new_access":
      return { file: observed === "" ? shown : observed };
    default:
      return {};
  }
}

/** The last part of a path. */
export function fileName(path: string): string {
  return path.split("/").findLast((part) => part !== "") ?? path;
}

// --- internal ---

/** `203.0.113.7:443`, `[2001:db8::1]:443` or `name:443`. */
function endpoint(text: string): Artifact {
  const [, host = "", digits = ""] = /^\[?(.+?)\]?:(\d{1,5})$/.exec(text) ?? [];
  if (host === "") return {};
  const port = Number(digits);
  return parseAddress(host) === null ? { host, port } : { ip: host, port };
}
