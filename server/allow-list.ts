/** What operators do to the allow-list. Each change leaves an audit entry. */
import { checkPackageName } from "../npm/names.ts";
import { FangsError } from "../protocol/errors.ts";
import type { AllowEntry } from "../protocol/models.ts";
import type { AllowImported, AllowRequest } from "../protocol/requests.ts";
import { compileAllow, parseNetwork } from "../differ-wasm/host.ts";
import type { Services } from "./services.ts";
import { CONFIG_ID, deleteAllow, insertAllow, longestAllow } from "./store/allow.ts";
import { audit } from "./store/audit.ts";
import { findId, missing } from "./store/ids.ts";
import type { Database } from "./store/open.ts";

/** What the entries for one package may come to, those for all included: the core has room for these and the configuration file's. */
const MOST = { entries: 3000, bytes: 384 * 1024 };

/**
 * Adds an entry.
 *
 * @throws FangsError invalid_name; invalid_body for a value that its kind cannot have; conflict where there is the same, or no room
 */
export async function addAllow(services: Services, request: AllowRequest, actor: string): Promise<AllowEntry> {
  const checked = checkRequest(request, services.now());
  return services.db.transaction(async (db) => {
    const entry = await insert(db, checked, actor, services.now());
    if (entry === undefined) {
      throw new FangsError("conflict", "There is an entry that says the same.", {
        hint: "List them with `fangs allow list`; remove it first to change its note or its end.",
      });
    }
    await checkRoom(db, services.now());
    return entry;
  });
}

/**
 * Adds many entries, all or none; those that are there already stay as they are.
 *
 * @throws FangsError as `addAllow`, with the number of the entry
 */
export async function importAllow(
  services: Services,
  requests: readonly AllowRequest[],
  actor: string,
): Promise<AllowImported> {
  const now = services.now();
  const checked = requests.map((request, i) => {
    try {
      return checkRequest(request, now);
    } catch (error) {
      if (!(error instanceof FangsError)) throw error;
      const options = error.hint === undefined ? {} : { hint: error.hint };
      throw new FangsError(error.code, `Entry ${i + 1}: ${error.message}`, options);
    }
  });
  return services.db.transaction(async (db) => {
    let added = 0;
    for (const request of checked) if ((await insert(db, request, actor, now)) !== undefined) added++;
    await checkRoom(db, now);
    return { added, kept: checked.length - added };
  });
}

/**
 * Removes an entry by its id, or a set that fangs came with by its name. Answers how many entries went.
 *
 * @throws FangsError not_found; conflict for an entry of the configuration file
 */
export async function removeAllow(services: Services, given: string, actor: string): Promise<number> {
  if (given.startsWith(CONFIG_ID)) {
    throw new FangsError("conflict", `The entry ${given} stands in ${services.rules.file ?? "no file any more"}.`, {
      hint: "Take it out there, and send the server SIGHUP.",
    });
  }
  return services.db.transaction(async (db) => {
    let removed = await deleteAllow(db, { shipped: given });
    if (removed.length === 0) removed = await deleteAllow(db, { id: await findId(db, "allow_entry", given) });
    if (removed.length === 0) throw missing("allow entry", given);
    for (const before of removed)
      await audit(db, { at: services.now(), actor, action: "allow.remove", subject: subjectOf(before), before });
    return removed.length;
  });
}

/**
 * An entry with its value as behaviours have it.
 *
 * @throws FangsError invalid_name; invalid_body for a value that its kind cannot have
 */
export function checkAllow(request: AllowRequest): AllowRequest {
  const { kind, value } = checkKind(request);
  const compiled = compileAllow([{ kind, value }]);
  const [fault] = "errors" in compiled ? compiled.errors : [];
  if (fault !== undefined) throw bad(`${JSON.stringify(value)} cannot be compared: ${fault.message}.`);
  return { ...request, value };
}

// --- internal ---

async function checkRoom(db: Database, now: number): Promise<void> {
  const { entries, bytes } = await longestAllow(db, now);
  if (entries <= MOST.entries && bytes <= MOST.bytes) return;
  throw new FangsError(
    "conflict",
    `A package would have more than ${MOST.entries} entries, or ${MOST.bytes} bytes of them.`,
    {
      hint: "Allow a wider path or *.example in place of many, and remove what is no longer needed.",
    },
  );
}

function checkKind(request: AllowRequest): AllowRequest {
  if (request.package !== undefined) checkPackageName(request.package);
  const { kind, value } = request;
  if (/^[*./]*$/.test(value)) throw bad(`${JSON.stringify(value)} would allow everything.`);
  switch (kind) {
    case "cidr": {
      const network = parseNetwork(value);
      if (network === null) throw bad(`${JSON.stringify(value)} is no range of addresses.`, "Write 192.0.2.0/24.");
      // Wider than any operator of a network has.
      const least = network.family === 4 ? 96 + 8 : 8;
      if (network.bits < least) throw bad(`${value} would allow half of the internet.`, "A range has at least /8.");
      return request;
    }
    case "sni":
    case "dns":
      if (!/^(?:\*\.)?[^*\s/:]+$/.test(value))
        throw bad(
          `${JSON.stringify(value)} is no host name.`,
          "Write registry.example, or *.example for all below it.",
        );
      return { ...request, value: value.toLowerCase().replace(/\.$/, "") };
    case "path":
    case "exec":
      if (value.includes("*"))
        throw bad("A path has no wildcards.", "A path stands for all below it too; a program is named as a whole.");
      if (!/^[/<]/.test(value))
        throw bad(
          `${JSON.stringify(value)} is no path.`,
          "Write it as deviations show it: /tmp/x/ or <HOME>/.cache/x.",
        );
      return request;
    case "command":
      return request;
  }
}

async function insert(
  db: Database,
  request: AllowRequest,
  actor: string,
  now: number,
): Promise<AllowEntry | undefined> {
  const entry = await insertAllow(db, request, { actor, now });
  if (entry !== undefined) {
    const { note: reason } = entry;
    await audit(db, { at: now, actor, action: "allow.add", subject: subjectOf(entry), reason, after: entry });
  }
  return entry;
}

/** The package that an entry is about; the list itself for one that is about all. */
function subjectOf(entry: AllowEntry): string {
  return entry.package ?? "allow-list";
}

function checkRequest(request: AllowRequest, now: number): AllowRequest {
  if (request.expires_at !== undefined && request.expires_at <= now) throw bad("It ends in the past.");
  return checkAllow(request);
}

function bad(message: string, hint?: string): FangsError {
  return new FangsError("invalid_body", message, hint === undefined ? {} : { hint });
}
