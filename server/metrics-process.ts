/** What the process takes, under the names that every exporter uses. prom-client's own collectors mean nothing on Bun. */
import { readdirSync, readFileSync } from "node:fs";
import { Counter, Gauge, type Registry } from "prom-client";

export function addProcessMetrics(registry: Registry): void {
  const registers = [registry];
  gauge("process_resident_memory_bytes", "Resident memory.", () => process.memoryUsage.rss());
  gauge("process_open_fds", "Open file descriptors.", () => readdirSync("/proc/self/fd").length);
  gauge("process_max_fds", "Most file descriptors that it may open.", () => mostFiles());
  const started = Date.now() / 1000 - process.uptime();
  gauge("process_start_time_seconds", "When it started, seconds since 1970.", () => started);
  const cpu = new Counter({
    name: "process_cpu_seconds_total",
    help: "Processor time of user and kernel.",
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      cpu.reset();
      cpu.inc((user + system) / 1e6);
    },
  });

  function gauge(name: string, help: string, read: () => number): void {
    const made: Gauge = new Gauge({ name, help, registers, collect: () => made.set(read()) });
  }
}

// --- internal ---

function mostFiles(): number {
  const [, soft = "0"] = /^Max open files +(\d+|unlimited)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
  return soft === "unlimited" ? Number.POSITIVE_INFINITY : Number(soft);
}
