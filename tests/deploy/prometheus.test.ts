import { beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { complaints, exposedSeries } from "./metric-names.ts";

const RULES = join(import.meta.dir, "../../deploy/prometheus/fangs.rules.yaml");
const DASHBOARD = join(import.meta.dir, "../../deploy/grafana/fangs.json");

interface Rule {
  alert: string;
  expr: string;
  labels: { severity: string };
  annotations: { summary: string; description: string };
}
interface Panel {
  id: number;
  title: string;
  type: string;
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: { expr: string; legendFormat: string }[];
}

let series: Map<string, ReadonlySet<string>>;
let rules: Rule[];
let panels: Panel[];
beforeAll(async () => {
  series = await exposedSeries();
  const document = Bun.YAML.parse(await Bun.file(RULES).text()) as { groups: { rules: Rule[] }[] };
  rules = document.groups.flatMap((group) => group.rules);
  panels = ((await Bun.file(DASHBOARD).json()) as { panels: Panel[] }).panels;
});

test("the check itself finds a metric, a label and a bracket that are wrong", () => {
  expect(complaints("fangs_runs_totals > 0", series)).toEqual(["there is no fangs_runs_totals"]);
  expect(complaints('fangs_runs_total{verdicts="x"}', series)).toEqual(["fangs_runs_total has no label verdicts"]);
  expect(complaints("sum by (verdicts) (fangs_runs_total", series)).toEqual([
    "nothing has the label verdicts",
    "brackets do not match",
  ]);
});

describe("the alert rules", () => {
  test("name only metrics and labels that a server exposes", () => {
    expect(rules.length).toBeGreaterThan(8);
    expect(rules.flatMap(({ alert, expr }) => complaints(expr, series).map((what) => `${alert}: ${what}`))).toEqual([]);
  });

  test("each have a severity, a summary and what to do", () => {
    for (const { alert, labels, annotations } of rules) {
      expect([alert, labels.severity]).toEqual([alert, expect.stringMatching(/^(critical|warning)$/)]);
      expect(annotations.summary.length).toBeGreaterThan(10);
      expect(annotations.description.length).toBeGreaterThan(10);
    }
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
  });

  test("are ones that Prometheus accepts, where its promtool is installed", () => {
    const promtool = Bun.which("promtool");
    if (promtool === null) return;
    const checked = Bun.spawnSync([promtool, "check", "rules", RULES]);
    expect([checked.exitCode, checked.stderr.toString()]).toEqual([0, ""]);
  });
});

describe("the dashboard", () => {
  test("names only metrics and labels that a server exposes, and all of the design's", () => {
    const expressions = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));
    expect(expressions.length).toBeGreaterThan(20);
    expect(
      expressions.flatMap(({ title, expr }) => complaints(expr, series).map((what) => `${title}: ${what}`)),
    ).toEqual([]);
    const text = expressions.map(({ expr }) => expr).join("\n");
    const shown = [...series.keys()].filter((name) => name.startsWith("fangs_") && !/_(sum|count|bucket)$/.test(name));
    expect(shown.filter((name) => !text.includes(name))).toEqual([]);
  });

  test("can be imported: ids are unique, panels do not overlap, the data source is asked for", async () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const taken = new Set<string>();
    for (const { gridPos, title } of panels) {
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect([title, taken.has(`${x},${y}`)]).toEqual([title, false]);
          taken.add(`${x},${y}`);
        }
      }
    }
    const dashboard = (await Bun.file(DASHBOARD).json()) as { templating: { list: { name: string }[] }; uid: string };
    expect(dashboard.templating.list.map(({ name }) => name)).toEqual(["datasource", "job"]);
    const sources = JSON.stringify(panels).match(/"uid":"[^"]*"/g) ?? [];
    expect(new Set(sources)).toEqual(new Set(['"uid":"${datasource}"']));
  });
});
