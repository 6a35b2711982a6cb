/** The allow-list as a file: sorted, one entry a line. */
import { Value } from "@sinclair/typebox/value";
import { fits } from "../protocol/fits.ts";
import type { AllowEntry } from "../protocol/models.ts";
import { AllowRequest } from "../protocol/requests.ts";
import { misfit, parseYaml, quoted } from "./yaml.ts";

/** The text of the file. */
export function allowYaml(entries: readonly AllowEntry[]): string {
  return entries
    .map((entry) => `- {${fields(entry).join(", ")}}\n`)
    .toSorted()
    .join("");
}

/**
 * Reads such a file.
 *
 * @throws FangsError usage with the place and its line
 */
export function parseAllowFile(text: string, file: string): AllowRequest[] {
  const document = parseYaml(text, file) ?? [];
  if (!Array.isArray(document)) throw misfit(text, file, [], "a list is expected");
  return document.map((item: unknown, index) => {
    const request = withTime(item);
    if (fits(AllowRequest, request)) return request;
    const first = Value.Errors(AllowRequest, request).First();
    const field = first?.path.slice(1) ?? "";
    throw misfit(
      text,
      file,
      field === "" ? [index] : [index, field],
      first?.message.toLowerCase() ?? "it does not fit",
    );
  });
}

// --- internal ---

function fields({ kind, value, package: name, actor, note, expires_at }: AllowEntry): string[] {
  const ends = expires_at === null ? null : new Date(expires_at).toISOString();
  const all: [string, string | null][] = [
    ["kind", kind],
    ["value", value],
    ["package", name],
    ["actor", actor],
    ["expires", ends],
    ["note", note],
  ];
  return all.flatMap(([key, text]) => (text === null ? [] : [`${key}: ${quoted(text)}`]));
}

/** An item with its `expires` as the API has it. */
function withTime(item: unknown): unknown {
  if (typeof item !== "object" || item === null || !("expires" in item)) return item;
  const { expires, ...rest } = item;
  return { ...rest, expires_at: typeof expires === "string" ? Date.parse(expires) : expires };
}
