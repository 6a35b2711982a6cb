import type { Client } from "../protocol/client.ts";
import { type FangsError, toFangsError } from "../protocol/errors.ts";
import type { Lease, Run, RunnerRegistration } from "../protocol/models.ts";
import type { SandboxHost } from "./sandbox/host.ts";
import { scan } from "./scan.ts";
import { type Sensor, openSensor } from "./sensor/sensor.ts";
import { Upload } from "./upload.ts";

/** A third of the lease, so that one lost heartbeat does not lose it. */
const HEARTBEAT_MS = 10_000;
const LEASE_WAIT_MS = 25_000;
const RETRY_MS = 1000;

export interface AgentOptions {
  client: Client;
  host: SandboxHost;
  name: string;
  version: string;
  concurrency: number;
  /** One line for people: what is being done. */
  tell: (line: string) => void;
}

export interface Agent {
  /** Takes no more jobs, ends those it has, and lets the sensor go. */
  drain(): Promise<void>;
}

/**
 * Leases jobs, scans, uploads, and does it again. Registers itself first, and again whenever the server
 * forgot it.
 *
 * @throws FangsError sensor_unavailable, not_root where this host can't watch
 */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const sensors = await keepSensor();
  const { probes } = await (await sensors.working()).report();
  const draining = new AbortController();
  const registration: RunnerRegistration = {
    name: options.name,
    modes: ["registry", "none"],
    image: options.host.image,
    probes: probes.filter((probe) => !probe.state.endsWith("failed")).map((probe) => probe.name),
    concurrency: options.concurrency,
    version: options.version,
  };

  async function work(): Promise<void> {
    let registered = false;
    while (!draining.signal.aborted) {
      try {
        if (!registered) await options.client.registerRunner(registration);
        registered = true;
        await sensors.working(); // who cannot watch takes nothing on
        const request = { runner: options.name, wait_ms: LEASE_WAIT_MS };
        const lease = await options.client.lease(request, draining.signal);
        if (lease !== undefined) await perform(lease);
      } catch (thrown) {
        if (draining.signal.aborted) return;
        const error = toFangsError(thrown);
        if (error.code !== "lease_lost") options.tell(error.message);
        registered = false;
        await Bun.sleep(RETRY_MS);
      }
    }
  }

  async function perform(lease: Lease): Promise<void> {
    options.tell(`scanning ${lease.package} ${lease.version} (run ${lease.run_id}, attempt ${lease.attempt})`);
    const given = new AbortController();
    const abort = (error: FangsError): void => given.abort(error);
    const upload = new Upload(options.client, lease, given.signal, abort);
    const heart = setInterval(() => void beat(lease, abort), HEARTBEAT_MS);
    try {
      await beat(lease, abort); // the run is running
      const result = await scan({
        host: options.host,
        sensor: await sensors.working(),
        lease,
        onSegment: (segment, seq) => upload.segment(segment, seq),
        signal: given.signal,
      });
      const run = await upload.result(result);
      options.tell(`${lease.package} ${lease.version}: ${verdictOf(run)} (${result.events} events)`);
    } catch (thrown) {
      options.tell(`${lease.package} ${lease.version}: given up: ${toFangsError(thrown).message}`);
      throw thrown;
    } finally {
      clearInterval(heart);
    }
  }

  async function beat(lease: Lease, abort: (error: FangsError) => void): Promise<void> {
    try {
      await options.client.heartbeat(lease.run_id, lease.lease);
    } catch (thrown) {
      const error = toFangsError(thrown);
      // Another trouble of the server's may pass; if it does not, the upload meets it too.
      if (error.code === "lease_lost") abort(error);
    }
  }

  const workers = Array.from({ length: options.concurrency }, work);
  return {
    async drain() {
      draining.abort();
      await Promise.all(workers);
      await sensors[Symbol.asyncDispose]();
    },
  };
}

// --- internal ---

/** One sensor for all scans; one that does not answer any more is replaced, once however many ask. */
async function keepSensor(): Promise<{ working(): Promise<Sensor> } & AsyncDisposable> {
  let current = Promise.resolve(await openSensor());
  return {
    async working() {
      const asked = current;
      try {
        await (await asked).report();
      } catch {
        if (current === asked) current = openSensor();
      }
      return current;
    },
    async [Symbol.asyncDispose]() {
      const sensor = await current.catch(() => undefined);
      sensor?.[Symbol.dispose]();
    },
  };
}

function verdictOf(run: Run): string {
  return `${run.verdict ?? run.state}${run.reason === null ? "" : `: ${run.reason}`}`;
}
