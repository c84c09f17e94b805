import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { observeProcess } from '../../src/telemetry/process-metrics.ts';

const read = (path: string): string => readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly {
    readonly expr: string;
    readonly legendFormat: string;
    readonly datasource: { readonly uid: string };
  }[];
}
const dashboard = JSON.parse(read('k8s/dashboard/watershard.json')) as {
  panels: Panel[];
  templating: { list: { name: string; type: string }[] };
};
const alerts = (
  parse(read('k8s/chart/files/alerts.yaml')) as {
    groups: { rules: { alert: string; expr: string; annotations: Record<string, string> }[] }[];
  }
).groups.flatMap((g) => g.rules);

const metrics = createMetrics();
observeProcess(metrics).close();
const registry = metrics.registry;
const served = await registry.getMetricsAsJSON();
const labelsOf = (name: string): readonly string[] =>
  (registry.getSingleMetric(name) as unknown as { labelNames?: readonly string[] } | undefined)?.labelNames ?? [];

/** Name of the metric behind a series, which for a histogram has an ending. */
function metricOf(series: string): string | undefined {
  if (served.some((m) => m.name === series)) return series;
  const base = series.replace(/_(bucket|sum|count)$/, '');
  return served.some((m) => m.name === base && String(m.type) === 'histogram') ? base : undefined;
}

const seriesOf = (expr: string): string[] => expr.match(/\b(watershard|process|nodejs)_[a-z_]+/g) ?? [];
/** Of a target, not of Watershard. */
const TARGET = ['cluster', 'namespace', 'pod', 'instance', 'job', 'le'];

const expressions = [
  ...dashboard.panels.flatMap((p) =>
    (p.targets ?? []).map((t) => ({ where: `panel ${p.title}`, expr: t.expr, legend: t.legendFormat })),
  ),
  ...alerts.map((a) => ({ where: `alert ${a.alert}`, expr: a.expr, legend: '' })),
];

describe('dashboard and alerts', () => {
  test('every series that they name is served', () => {
    const unknown = expressions.flatMap(({ where, expr }) =>
      seriesOf(expr)
        .filter((series) => metricOf(series) === undefined)
        .map((series) => `${where}: ${series}`),
    );
    assert.deepEqual(unknown, []);
    assert.ok(expressions.length > 50, `only ${expressions.length} expressions`);
    for (const { where, expr } of expressions) assert.ok(seriesOf(expr).length > 0, `${where} names no series`);
  });

  test('every label that they group by or show is one of the series', () => {
    const wrong = expressions.flatMap(({ where, expr, legend }) => {
      const known = new Set([...TARGET, ...seriesOf(expr).flatMap((s) => labelsOf(metricOf(s) ?? s))]);
      const grouped = [...expr.matchAll(/\b(?:by|without|on) \(([^)]*)\)/g)].flatMap((m) => m[1]!.split(/,\s*/));
      const shown = [...legend.matchAll(/\{\{(\w+)\}\}/g)].map((m) => m[1]!);
      return [...grouped, ...shown].filter((l) => !known.has(l)).map((l) => `${where}: ${l}`);
    });
    assert.deepEqual(wrong, []);
  });

  test('metrics of drops, refusals, losses and lag are on the dashboard', () => {
    const shown = new Set(expressions.flatMap(({ expr }) => seriesOf(expr).map((s) => metricOf(s) ?? s)));
    const left = served.map((m) => m.name).filter((name) => name.startsWith('watershard_') && !shown.has(name));
    // What says nothing to a person who looks at a dashboard, or is there in another form.
    assert.deepEqual(left, [
      'watershard_discoveries_total',
      'watershard_shard_batches_total',
      'watershard_exporter_filtered_total',
      'watershard_exporter_buffer_records',
      'watershard_exporter_buffer_damaged_bytes_total',
      'watershard_config_last_reload_success_timestamp_seconds',
    ]);
  });

  test('panels have ids of their own and do not overlap', () => {
    const { panels } = dashboard;
    assert.equal(new Set(panels.map((p) => p.id)).size, panels.length);
    const cells = new Map<string, string>();
    for (const { title, gridPos } of panels) {
      assert.ok(gridPos.x + gridPos.w <= 24, title);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          assert.equal(cells.get(`${x},${y}`), undefined, `${title} lies on ${cells.get(`${x},${y}`)}`);
          cells.set(`${x},${y}`, title);
        }
    }
    assert.deepEqual(
      dashboard.templating.list.map((v) => v.name),
      ['datasource', 'cluster'],
    );
  });

  test('every panel is of the data source and the clusters that were chosen', () => {
    const targets = dashboard.panels.flatMap((p) => (p.targets ?? []).map((t) => ({ panel: p.title, ...t })));
    for (const { panel, datasource, expr } of targets) {
      assert.equal(datasource.uid, '${datasource}', panel);
      // A selector without it would add up what belongs to others.
      const selectors = expr.match(/\bwatershard_\w+(\{[^}]*\})?/g) ?? [];
      for (const selector of selectors) assert.match(selector, /\{cluster=~"\$cluster"\}/, `${panel}: ${selector}`);
    }
    for (const row of ['Lag', 'Throughput', 'Drops and refusals', 'Sinks', 'State, memory, CPU'])
      assert.ok(
        dashboard.panels.some((p) => p.type === 'row' && p.title === row),
        row,
      );
  });

  test('every alert says what to do, in a page that is there', () => {
    for (const { alert, annotations } of alerts) {
      assert.ok(annotations.summary && annotations.description, alert);
      assert.ok(read(annotations.runbook!).length > 0, alert);
    }
    assert.equal(new Set(alerts.map((a) => a.alert)).size, alerts.length);
  });

  test('Helm and Grafana get the same dashboard', () => {
    assert.equal(read('k8s/chart/files/dashboard.json'), read('k8s/dashboard/watershard.json'));
  });
});
