import type { Registry } from 'prom-client';

type Sdk = typeof import('@opentelemetry/sdk-metrics');
type CollectionResult = import('@opentelemetry/sdk-metrics').CollectionResult;
type MetricData = import('@opentelemetry/sdk-metrics').MetricData;
type HrTime = [seconds: number, nanoseconds: number];

/** As prom-client gives it; its types name another enumeration than what is there. */
interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly values: readonly Value[];
}

interface Value {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly metricName?: string;
}

/**
 * What the registry holds, as OpenTelemetry has it. Names stay those of /metrics, so that the same queries and alerts work.
 * @param startedAt when the counters began, Unix time, milliseconds
 */
export async function collectRegistry(
  registry: Registry,
  sdk: Sdk,
  startedAt: number,
  now = Date.now(),
): Promise<CollectionResult['resourceMetrics']['scopeMetrics'][number]> {
  const times = { startTime: hrTime(startedAt), endTime: hrTime(now) };
  const metrics = (await registry.getMetricsAsJSON()) as unknown as readonly Metric[];
  return {
    scope: { name: 'watershard' },
    metrics: metrics.flatMap((metric) => convert(metric, sdk, times) ?? []),
  };
}

function convert(
  metric: Metric,
  { AggregationTemporality, DataPointType }: Sdk,
  times: { startTime: HrTime; endTime: HrTime },
): MetricData | undefined {
  const base = {
    descriptor: { name: metric.name, description: metric.help, unit: unitOf(metric.name), valueType: 1 },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  };
  const points = (): { value: number; attributes: Value['labels']; startTime: HrTime; endTime: HrTime }[] =>
    metric.values.map(({ value, labels }) => ({ ...times, value, attributes: labels }));
  if (metric.type === 'counter')
    return { ...base, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints: points() };
  if (metric.type === 'gauge') return { ...base, dataPointType: DataPointType.GAUGE, dataPoints: points() };
  if (metric.type !== 'histogram') return undefined; // there is no other
  const dataPoints = histograms(metric).map(({ labels, boundaries, counts, sum, count }) => ({
    ...times,
    attributes: labels,
    value: { buckets: { boundaries, counts }, sum, count },
  }));
  return { ...base, dataPointType: DataPointType.HISTOGRAM, dataPoints };
}

interface Series {
  readonly labels: Value['labels'];
  readonly boundaries: number[];
  /** One more than boundaries; each of its bucket alone. */
  readonly counts: number[];
  sum: number;
  count: number;
}

function histograms({ name, values }: Metric): Series[] {
  const series = new Map<string, Series>();
  for (const { value, labels: all, metricName } of values) {
    const { le, ...labels } = all;
    const key = JSON.stringify(Object.entries(labels).sort());
    const one = series.get(key) ?? { labels, boundaries: [], counts: [], sum: 0, count: 0 };
    series.set(key, one);
    if (metricName === `${name}_sum`) one.sum = value;
    else if (metricName === `${name}_count`) one.count = value;
    else {
      // They come in ascending order, each with what is in those before it.
      if (le !== '+Inf') one.boundaries.push(Number(le));
      one.counts.push(value);
    }
  }
  for (const { counts } of series.values())
    for (let i = counts.length - 1; i > 0; i--) counts[i] = counts[i]! - counts[i - 1]!;
  return [...series.values()];
}

function unitOf(name: string): string {
  if (/_seconds(_total)?$/.test(name)) return 's';
  return /_bytes(_total)?$/.test(name) ? 'By' : '';
}

function hrTime(millis: number): HrTime {
  return [Math.floor(millis / 1000), Math.round((millis % 1000) * 1e6)];
}
