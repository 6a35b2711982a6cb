/** The shape of a command: its arguments without what is different in every release by nature. */
import { printable, splitTokens } from "../../protocol/printable.ts";

const SHELL = /^(?:sh|ash|bash|dash|ksh|mksh|zsh|fish|busybox)$/;
/** Programs that run code given as an argument, and the options behind which it stands. */
const INTERPRETERS: readonly (readonly [name: RegExp, option: RegExp])[] = [
  [SHELL, /^-[a-zA-Z]*c[a-zA-Z]*$/],
  [/^(?:node|nodejs|bun|deno)$/, /^(?:-[a-z]*[ep]|--eval|--print|eval)$/],
  [/^(?:python|pypy)[0-9.]*$/, /^-[a-zA-Z]*c$/],
  [/^(?:perl|ruby|lua|php)[0-9.]*$/, /^-[a-zA-Z]*[eEr]$/],
];
/** The same options with the code in one word. */
const JOINED = /^(--eval=|--print=)([\s\S]+)$/;

export interface Command {
  binary: Uint8Array;
  argv: Uint8Array;
  /** npm itself started it as a lifecycle script: its code is the text of package.json, which people know. */
  lifecycle: boolean;
}

/**
 * argv as NUL-separated tokens for the core: code given in an argument becomes `sha256:<16 hex>`, and
 * `<name>@<version>` of the release at hand `<PKG>@<VERSION>`.
 */
export function commandTokens(command: Command, release: { package: string; version: string }): Uint8Array {
  const tokens = splitTokens(command.argv);
  if (tokens.length === 0) return command.binary;
  const option = codeOption(command.binary, tokens[0] ?? command.binary);
  const self = `${release.package}@${release.version}`;
  let isCode = false;
  // One character for each byte: what is no UTF-8 stays as it is.
  const shape = tokens.map((token, i) => {
    const text = Buffer.from(token).toString("latin1");
    const code = isCode && !(command.lifecycle && i === 2);
    isCode = i > 0 && option !== null && option.test(text);
    if (code) return digest(token);
    const joined = option === null ? null : JOINED.exec(text);
    if (joined !== null) return `${joined[1]}${digest(Buffer.from(joined[2] ?? "", "latin1"))}`;
    return text === self ? "<PKG>@<VERSION>" : text;
  });
  return Buffer.from(shape.join("\0"), "latin1");
}

function codeOption(binary: Uint8Array, name: Uint8Array): RegExp | null {
  // A renamed interpreter is known by either name.
  const names = [binary, name].map((path) => printable(path).split("/").at(-1) ?? "");
  return INTERPRETERS.find(([pattern]) => names.some((candidate) => pattern.test(candidate)))?.[1] ?? null;
}

function digest(code: Uint8Array): string {
  return `sha256:${new Bun.CryptoHasher("sha256").update(code).digest("hex").slice(0, 16)}`;
}
