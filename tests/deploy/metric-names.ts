/** What the metrics of a server are called, and which labels they have: what dashboards and alerts may name. */
import { testServices } from "../server/support.ts";

/** Series by name, with their labels; of a histogram its three kinds of series. */
export async function exposedSeries(): Promise<Map<string, ReadonlySet<string>>> {
  const services = await testServices();
  const { text } = await services.metrics.expose(services.db, services.now());
  await services.db.close();
  const page = await Bun.file(`${import.meta.dir}/../../docs/metrics.md`).text();
  const series = new Map<string, ReadonlySet<string>>();
  for (const [, name = "", kind] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
    const labels = new Set(labelsOf(page, name));
    if (kind !== "histogram") series.set(name, labels);
    else {
      for (const part of ["bucket", "sum", "count"])
        series.set(`${name}_${part}`, part === "bucket" ? new Set([...labels, "le"]) : labels);
    }
  }
  // Known only where there is a data directory; tests/server/metrics.test.ts sees it.
  series.set("fangs_data_dir_free_bytes", new Set());
  // Prometheus's own.
  series.set("up", new Set());
  return series;
}

/** Complaints about an expression: series that there are not, labels that they do not have. */
export function complaints(expression: string, series: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const text = expression.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""');
  const found: string[] = [];
  for (const [, name = "", matchers = ""] of text.matchAll(/\b((?:fangs|process)_\w+|up)\b(?:\{([^}]*)\})?/g)) {
    const labels = series.get(name);
    if (labels === undefined) found.push(`there is no ${name}`);
    for (const [, label = ""] of matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g))
      if (labels !== undefined && label !== "job" && !labels.has(label)) found.push(`${name} has no label ${label}`);
  }
  for (const [, list = ""] of text.matchAll(/\bby \(([^)]*)\)/g)) {
    for (const label of list.split(",").map((one) => one.trim()))
      if (![...series.values()].some((labels) => labels.has(label))) found.push(`nothing has the label ${label}`);
  }
  if ((text.match(/[([{]/g) ?? []).length !== (text.match(/[)\]}]/g) ?? []).length) found.push("brackets do not match");
  return found;
}

// --- internal ---

/** The labels that docs/metrics.md lists; that the page has every metric is another test's matter. */
function labelsOf(page: string, name: string): string[] {
  const row = page.split("\n").find((line) => line.startsWith("|") && line.includes(`\`${name}\``));
  return [...(row?.split("|")[3] ?? "").matchAll(/`(\w+)`/g)].map(([, label = ""]) => label);
}
