/** The kinds of values that a setting can have: how they are written in a flag, a variable and the file. */
import { FangsError } from "../../protocol/errors.ts";
import { nearest } from "../nearest.ts";
import { parseBytes, parseDuration } from "../values.ts";

/** Values of one kind. */
export interface Kind<T> {
  /** What stands for a value in usage texts. */
  hint: string;
  /**
   * From the words of a flag or a variable.
   *
   * @throws FangsError usage
   */
  parse(text: string): T;
  /** A value of the file as those words; undefined: it is of another type. */
  write(value: unknown): string | undefined;
  /** What the file must have, e.g. `text`. */
  type: string;
}

export interface Address {
  hostname: string;
  port: number;
}

export function text(hint: string): Kind<string> {
  return { hint, type: "text", parse: (words) => words, write: onlyText };
}

/** A whole number. */
export function count(least: number, most: number): Kind<number> {
  return {
    hint: "number",
    type: "a number",
    write: (value) => (typeof value === "number" ? String(value) : undefined),
    parse(words) {
      const number = /^\d{1,9}$/.test(words) ? Number(words) : -1;
      if (number >= least && number <= most) return number;
      throw wrong(`"${words}" is not a number from ${least} to ${most}`);
    },
  };
}

/** Several texts: with commas between them in a flag or a variable, a list in the file. */
export function list(hint: string): Kind<readonly string[]> {
  return {
    hint: `${hint},…`,
    type: "a list of texts",
    write: (value) => (Array.isArray(value) && value.every(isWord) ? value.join(",") : undefined),
    parse: (words) =>
      words
        .split(",")
        .map((word) => word.trim())
        .filter((word) => word !== ""),
  };
}

/** A size, in bytes. */
export const size: Kind<number> = {
  hint: "size",
  type: "a size such as 50GB",
  write: (value) => (typeof value === "number" ? String(value) : onlyText(value)),
  parse: parseBytes,
};

/** A length of time, in milliseconds. */
export function duration(most: string): Kind<number> {
  return {
    hint: "time",
    type: "a length of time such as 30s",
    write: onlyText,
    parse(words) {
      const ms = words === "0" ? 0 : parseDuration(words);
      if (ms <= parseDuration(most)) return ms;
      throw wrong(`${words} is longer than ${most}`);
    },
  };
}

export function choice<const T extends string>(options: readonly T[]): Kind<T> {
  return {
    hint: options.join("|"),
    type: "text",
    write: onlyText,
    parse(words) {
      const found = options.find((option) => option === words);
      if (found !== undefined) return found;
      const meant = nearest(words, options);
      throw wrong(
        `"${words}" is not known`,
        `${meant === undefined ? "" : `Did you mean ${meant}? `}One of: ${options.join(", ")}.`,
      );
    },
  };
}

/** Yes or no; its flag has no value. */
export const toggle: Kind<boolean> = {
  hint: "",
  type: "true or false",
  write: (value) => (typeof value === "boolean" ? String(value) : undefined),
  parse(words) {
    if (/^(1|true|yes)$/.test(words)) return true;
    if (/^(0|false|no)$/.test(words)) return false;
    throw wrong(`"${words}" is neither true nor false`);
  },
};

/** Where to listen. */
export const address: Kind<Address> = {
  hint: "host:port",
  type: "text",
  write: onlyText,
  parse(words) {
    const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]]+)):(\d{1,5})$/.exec(words);
    const port = Number(match?.[3]);
    const hostname = match?.[1] ?? match?.[2];
    if (hostname !== undefined && port <= 65_535) return { hostname, port };
    throw wrong(`"${words}" is not an address to listen on`, "Write for example 127.0.0.1:8443 or [::1]:8443.");
  },
};

/** Where people reach something in their browsers. */
export const webAddress: Kind<string> = {
  hint: "url",
  type: "text",
  write: onlyText,
  parse(words) {
    const url = URL.parse(words);
    if (url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.search === "") return url.href;
    throw wrong(`"${words}" is not an address of the web`, "Write for example https://fangs.example.");
  },
};

// --- internal ---

/** A text that a comma does not cut in two. */
function isWord(value: unknown): value is string {
  return typeof value === "string" && value !== "" && !value.includes(",");
}

function onlyText(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function wrong(message: string, hint?: string): FangsError {
  return new FangsError("usage", `${message}.`, hint === undefined ? {} : { hint });
}
