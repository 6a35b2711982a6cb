/** Untrusted bytes as text that is safe in a terminal and unambiguous in a log. */

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Controls (C0, DEL, C1), line separators, zero-width and direction-changing characters, lone surrogates. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Most of what there is, and harmless. */
const PLAIN = /^[ -~]*$/;

/** Text of bytes: UTF-8 where it is valid; controls, terminal escapes and stray bytes become `\xNN` or `\u{N}`. */
export function printable(bytes: Uint8Array): string {
  try {
    return printableText(strict.decode(bytes));
  } catch {
    let text = "";
    for (const byte of bytes) text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : escapeCode(byte);
    return text;
  }
}

/** The same for text that was decoded already. */
export function printableText(text: string): string {
  return PLAIN.test(text) ? text : text.replace(UNSAFE, (character) => escapeCode(character.codePointAt(0) ?? 0));
}

/** JSON on one line: as harmless on a terminal as `printableText`, and the same value to a parser. */
export function safeJson(value: unknown): string {
  return JSON.stringify(value).replace(UNSAFE, (character) =>
    Array.from({ length: character.length }, (_, unit) => {
      return `\\u${character.charCodeAt(unit).toString(16).padStart(4, "0")}`;
    }).join(""),
  );
}

/** NUL-separated tokens, as in argv; a NUL at the end ends the last token. */
export function printableTokens(argv: Uint8Array): string[] {
  return splitTokens(argv).map(printable);
}

/** The byte ranges of NUL-separated tokens, without copying. */
export function splitTokens(argv: Uint8Array): Uint8Array[] {
  const tokens: Uint8Array[] = [];
  let start = 0;
  while (start < argv.length) {
    const nul = argv.indexOf(0, start);
    const end = nul < 0 ? argv.length : nul;
    tokens.push(argv.subarray(start, end));
    start = end + 1;
  }
  return tokens;
}

function escapeCode(code: number): string {
  return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
}
