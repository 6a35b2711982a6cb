/** What an operator writes in fangs.yaml about verdicts: rules of normalisation, and what is allowed. */
import { compileAllow, compileRules, type NormaliseRule } from "../differ-wasm/host.ts";
import { FangsError } from "../protocol/errors.ts";
import { ALLOW_KINDS, type AllowEntry } from "../protocol/models.ts";
import type { AllowRequest } from "../protocol/requests.ts";
import { isMapping, type Step, type YamlDocument } from "../protocol/yaml.ts";
import { checkAllow } from "./allow-list.ts";
import type { RulesInForce } from "./services.ts";
import { CONFIG_ID } from "./store/allow.ts";

/** The rules that hold where nobody wrote any. */
export const NO_RULES: RulesInForce = { normalize: [], allow: [], file: null };

/** Entries. More belong into a list that can be searched: `fangs allow import`. */
const MOST_ALLOWED = 1000;

/**
 * Rules and allow entries of a file; none where there is no file.
 *
 * @param now ms UTC, when the file was read
 * @throws FangsError config_invalid
 */
export function readOperatorRules(document: YamlDocument | undefined, now: number): RulesInForce {
  if (document === undefined || !isMapping(document.value)) return NO_RULES;
  const { normalize, allow } = document.value;
  return { normalize: rulesOf(document, normalize), allow: allowOf(document, allow, now), file: document.file };
}

// --- internal ---

type Item = Record<string, unknown>;

function rulesOf(document: YamlDocument, section: unknown): NormaliseRule[] {
  const rules = itemsOf(document, "normalize", section, ["id", "match", "as"]).map((item, index): NormaliseRule => {
    const text = textOf(document, ["normalize", index], item);
    return { id: item["id"] === undefined ? `rule-${index + 1}` : text("id"), match: text("match"), as: text("as") };
  });
  const compiled = compileRules(rules);
  const fault = "errors" in compiled ? compiled.errors[0] : undefined;
  if (fault !== undefined) document.refuse(["normalize", fault.rule, fault.field], `${fault.field}: ${fault.message}`);
  return rules;
}

function allowOf(document: YamlDocument, section: unknown, now: number): AllowEntry[] {
  const keys = ["kind", "value", "package", "actor", "note", "expires"];
  const items = itemsOf(document, "allow", section, keys);
  if (items.length > MOST_ALLOWED) document.refuse(["allow"], `allow has more than ${MOST_ALLOWED} entries`);
  const entries = items.map((item, index) => allowEntry(document, ["allow", index], item, now));
  entries.forEach(({ id }, index) => {
    const first = entries.findIndex((entry) => entry.id === id);
    if (first !== index) document.refuse(["allow", index], `entry ${first + 1} says the same`);
  });
  const compiled = compileAllow(entries.map(({ kind, value }) => ({ kind, value })));
  const fault = "errors" in compiled ? compiled.errors[0] : undefined;
  if (fault !== undefined) document.refuse(["allow", fault.rule, fault.field], `${fault.field}: ${fault.message}`);
  return entries;
}

function allowEntry(document: YamlDocument, path: readonly Step[], item: Item, now: number): AllowEntry {
  const text = textOf(document, path, item);
  const optional = (key: string): string | undefined => (item[key] === undefined ? undefined : text(key));
  const kind = ALLOW_KINDS.find((one) => one === item["kind"]);
  if (kind === undefined) return document.refuse([...path, "kind"], `kind must be one of ${ALLOW_KINDS.join(", ")}`);
  const [name, actor, expires] = [optional("package"), optional("actor"), optional("expires")];
  const request: AllowRequest = {
    kind,
    value: text("value"),
    note: text("note"),
    ...(name === undefined ? {} : { package: name }),
    ...(actor === undefined ? {} : { actor }),
  };
  // One that ended stays in the file and allows nothing: a server must not refuse to start on some later day.
  const ends = expires === undefined ? null : Date.parse(expires);
  if (Number.isNaN(ends)) document.refuse([...path, "expires"], "expires must be a day or a time such as 2030-01-31");
  const { value } = checked(document, path, request);
  const identity = JSON.stringify([kind, value, name ?? null, actor ?? null]);
  return {
    id: `${CONFIG_ID}${new Bun.CryptoHasher("sha256").update(identity).digest("hex").slice(0, 12)}`,
    kind,
    value,
    package: name ?? null,
    actor: actor ?? null,
    note: request.note,
    shipped: null,
    expires_at: ends,
    created_by: "config",
    created_at: now,
  };
}

function checked(document: YamlDocument, path: readonly Step[], request: AllowRequest): AllowRequest {
  try {
    return checkAllow(request);
  } catch (thrown) {
    if (!(thrown instanceof FangsError)) throw thrown;
    const field = thrown.code === "invalid_name" ? "package" : "value";
    return document.refuse([...path, field], `${field}: ${thrown.message.replace(/\.$/, "")}`);
  }
}

function itemsOf(document: YamlDocument, name: string, section: unknown, known: readonly string[]): Item[] {
  if (section === undefined || section === null) return [];
  if (!Array.isArray(section)) return document.refuse([name], `${name} must be a list`);
  return section.map((item: unknown, index) => {
    const path = [name, index] as const;
    if (!isMapping(item)) return document.refuse(path, `an entry of ${name} must be a mapping of ${known.join(", ")}`);
    const unknown = Object.keys(item).find((key) => !known.includes(key));
    if (unknown === undefined) return item;
    const shown = JSON.stringify(unknown.slice(0, 60));
    return document.refuse([...path, unknown], `${shown} is not known here; there are: ${known.join(", ")}`);
  });
}

function textOf(document: YamlDocument, path: readonly Step[], item: Item): (key: string) => string {
  return (key) => {
    const value = item[key];
    if (value === undefined) return document.refuse(path, `there is no ${key}`);
    if (typeof value === "string" && value !== "" && value.length <= 2000) return value;
    return document.refuse([...path, key], `${key} must be text`);
  };
}
