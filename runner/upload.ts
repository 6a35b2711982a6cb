import { FangsError, toFangsError } from "../protocol/errors.ts";
import type { Client } from "../protocol/client.ts";
import type { Lease, Run, RunResult } from "../protocol/models.ts";

/** How long a server that does not answer is waited for; leases are gone by then anyway. */
const PATIENCE_MS = 5 * 60_000;
/** What goes away without anybody doing something to the run. */
const PASSING: ReadonlySet<string> = new Set([
  "server_unreachable",
  "database_unavailable",
  "bucket_unavailable",
  "bucket_refused",
  "store_full",
  "rate_limited",
]);
/** Compressed segments kept while the server does not answer. */
const BACKLOG_LIMIT = 64 * 1024 * 1024;

/** Sends a run's segments in order, and its result after them. A server that went away is waited for. */
export class Upload {
  readonly #client: Client;
  readonly #lease: Lease;
  readonly #signal: AbortSignal;
  readonly #abort: (error: FangsError) => void;
  #tail: Promise<void> = Promise.resolve();
  #backlog = 0;
  #error: FangsError | undefined;

  /** `abort` is called once where the run can't be delivered any more. */
  constructor(client: Client, lease: Lease, signal: AbortSignal, abort: (error: FangsError) => void) {
    this.#client = client;
    this.#lease = lease;
    this.#signal = signal;
    this.#abort = abort;
  }

  segment(bytes: Uint8Array, seq: number): void {
    const compressed = new Uint8Array(Bun.zstdCompressSync(bytes));
    this.#backlog += compressed.length;
    if (this.#backlog > BACKLOG_LIMIT) {
      this.#fail(new FangsError("server_unreachable", "More of the trace is waiting than a runner keeps."));
      return;
    }
    this.#tail = this.#tail.then(async () => {
      if (this.#error === undefined) {
        await this.#insist(() => this.#client.putSegment(this.#lease.run_id, this.#lease.lease, seq, compressed));
      }
      this.#backlog -= compressed.length;
    });
  }

  /**
   * Waits for the segments and ends the run.
   *
   * @throws FangsError lease_lost, server_unreachable, and what else the server says
   */
  async result(result: RunResult): Promise<Run> {
    await this.#tail;
    if (this.#error !== undefined) throw this.#error;
    const run = await this.#insist(() => this.#client.putResult(this.#lease.run_id, this.#lease.lease, result));
    if (run === undefined) throw this.#error ?? new FangsError("internal", "The result was not taken.");
    return run;
  }

  /** Every step is idempotent, so one whose answer was lost is simply done again. */
  async #insist<T>(step: () => Promise<T>): Promise<T | undefined> {
    const deadline = performance.now() + PATIENCE_MS;
    for (let pause = 100; ; pause = Math.min(pause * 2, 5000)) {
      try {
        return await step();
      } catch (thrown) {
        const error = toFangsError(thrown);
        const patient = PASSING.has(error.code) && performance.now() < deadline && !this.#signal.aborted;
        if (!patient) {
          this.#fail(error);
          return undefined;
        }
        await Bun.sleep(pause);
      }
    }
  }

  #fail(error: FangsError): void {
    if (this.#error !== undefined) return;
    this.#error = error;
    this.#abort(error);
  }
}
