import { BarChart, LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TitleComponent } from 'echarts/components';
import { type EChartsCoreOption, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { latencyMs, type Results } from './results.ts';

use([BarChart, LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

/** Main thread first, then down the pipeline. */
const THREADS = ['main', 'transform', 'parquet', 'store', 'v8', 'other'] as const;
const PERCENTILES = [
  ['p50', 'P50'],
  ['p90', 'P90'],
  ['p99', 'P99'],
  ['p99.9', 'P999'],
] as const;

/** The library takes text for narrower than browsers draw it. */
const LEGEND = { bottom: 0, itemGap: 28 };

/** SVG texts by the name of the file; a plot without results is left out. */
export function plots(results: Results): Record<string, string> {
  const found = {
    'threads.svg': threads(results),
    'scale.svg': scale(results),
    'latency.svg': latency(results),
    'micro.svg': micro(results),
  };
  return Object.fromEntries(Object.entries(found).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function threads({ pipelines }: Results): string | undefined {
  const shown = [...pipelines.values()].filter((r) => /^(churn|events|first|snapshot)/.test(r.scenario)).reverse();
  if (shown.length === 0) return undefined;
  return svg(120 + 34 * shown.length, {
    title: { text: 'CPU for each record, by thread (µs)' },
    legend: LEGEND,
    grid: { left: 190, right: 30, top: 40, bottom: 60 },
    xAxis: { type: 'value' },
    yAxis: { type: 'category', data: shown.map((r) => r.scenario) },
    series: THREADS.map((name) => ({
      name,
      type: 'bar',
      stack: 'all',
      data: shown.map((r) => round(r.medians[`${name}ThreadMicrosPerRecord`] ?? 0)),
    })),
  });
}

function scale({ pipelines }: Results): string | undefined {
  const shown = [...pipelines.values()].filter((r) => r.scenario.startsWith('scale-'));
  if (shown.length < 2) return undefined;
  return svg(320, {
    title: { text: 'CPU for each update, by objects that are known (µs)' },
    grid: { left: 60, right: 40, top: 50, bottom: 50 },
    xAxis: { type: 'log', name: 'objects', nameLocation: 'middle', nameGap: 28, min: 10_000, max: 1_000_000 },
    yAxis: { type: 'value', min: 0 },
    series: [
      {
        type: 'line',
        data: shown.map((r) => [r.settings.objects, round(r.medians.cpuMicrosPerRecord!)]),
        label: { show: true, position: 'top' },
      },
    ],
  });
}

function latency({ pipelines }: Results): string | undefined {
  const shown = [...pipelines.values()].filter((r) => r.scenario.startsWith('latency-'));
  if (shown.length === 0) return undefined;
  return svg(340, {
    title: { text: 'From the write to its acknowledgement by JetStream (ms)' },
    legend: LEGEND,
    grid: { left: 60, right: 30, top: 50, bottom: 60 },
    xAxis: { type: 'category', data: shown.map((r) => `${r.settings.rate.toLocaleString('en')} changes/s`) },
    yAxis: { type: 'log', min: 0.1, startValue: 0.1 },
    series: PERCENTILES.map(([name, percentile]) => ({
      name,
      type: 'bar',
      data: shown.map((r) => round(latencyMs(r, percentile)!)),
      label: { show: true, position: 'top', fontSize: 10 },
    })),
  });
}

function micro({ micro }: Results): string | undefined {
  if (micro === undefined) return undefined;
  const shown = [...micro.results].reverse();
  return svg(100 + 34 * shown.length, {
    title: { text: 'Single steps beside their floor (CPU µs an item, logarithmic)' },
    legend: LEGEND,
    grid: { left: 220, right: 40, top: 40, bottom: 60 },
    xAxis: { type: 'log', min: 0.01, startValue: 0.01 },
    yAxis: { type: 'category', data: shown.map((r) => r.name) },
    series: [
      { name: 'Watershard', type: 'bar', data: shown.map((r) => round(r.micros)) },
      { name: 'floor', type: 'bar', data: shown.map((r) => round(r.floorMicros)) },
    ],
  });
}

function svg(height: number, option: EChartsCoreOption): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: 820, height });
  chart.setOption({ animation: false, backgroundColor: '#ffffff', ...option });
  const text = chart.renderToSVGString();
  chart.dispose();
  return `${withStableIds(text)}\n`;
}

/** The library numbers its elements over all charts of a process, and the same plot must be the same text. */
function withStableIds(text: string): string {
  const names = new Map<string, string>();
  return text.replaceAll(/zr\d+-[a-z]+-?\d+/g, (id) => {
    const name = names.get(id) ?? `z${names.size}`;
    names.set(id, name);
    return name;
  });
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}
