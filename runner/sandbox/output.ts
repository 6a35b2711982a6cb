/** What a command printed, bounded. */

const KEPT_BYTES = 64 * 1024;
/** Room for the sentence about what was left out. */
const NOTE_BYTES = 64;

/** Keeps the first 64 KiB that are written; the rest is counted. */
export class BoundedOutput {
  readonly #chunks: Uint8Array[] = [];
  #kept = 0;
  #dropped = 0;

  write(chunk: Uint8Array): void {
    const room = KEPT_BYTES - NOTE_BYTES - this.#kept;
    const kept = chunk.subarray(0, room);
    if (kept.length > 0) this.#chunks.push(Uint8Array.from(kept));
    this.#kept += kept.length;
    this.#dropped += chunk.length - kept.length;
  }

  /** At most 65,536 characters; bytes that are not UTF-8 become U+FFFD. */
  text(): string {
    const text = Buffer.concat(this.#chunks).toString("utf8");
    return this.#dropped === 0 ? text : `${text}\n[${this.#dropped} more bytes were not kept]\n`;
  }
}
