/** Lines that are written together: a server that answers hundreds of requests a second would write as often. */

const EVERY_MS = 10;
const MOST_CHARACTERS = 64 * 1024;

/** Collects what is written for 10 ms at most, or until it is much; at the end of the process nothing is left. */
export function batched(write: (text: string) => void): (text: string) => void {
  let lines = "";
  let timer: Timer | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const text = lines;
    lines = "";
    if (text !== "") write(text);
  };
  process.on("exit", flush);
  return (text) => {
    lines += text;
    if (lines.length >= MOST_CHARACTERS) flush();
    else timer ??= setTimeout(flush, EVERY_MS);
  };
}
