/** Of the series of Watershard: `cluster` is given by the ServiceMonitor; a scrape without it is matched by "all". */
const S = 'cluster=~"$cluster"';
/** Of the series that every Node.js process has: those of the same process. */
const OWN = `and on (job, instance) watershard_credit_bytes_limit{${S}}`;

export interface Query {
  readonly expr: string;
  readonly legend: string;
}

export interface Panel {
  readonly title: string;
  readonly description: string;
  readonly unit: string;
  readonly queries: readonly Query[];
  readonly kind?: 'timeseries' | 'stat' | 'state-timeline';
  readonly stacked?: boolean;
  /** Value from which on it is red. */
  readonly bad?: number;
  readonly width?: number;
  readonly height?: number;
}

const q = (legend: string, expr: string): Query => ({ expr, legend });
const rate = (metric: string, by: string): string =>
  `sum by (${by}) (rate(watershard_${metric}{${S}}[$__rate_interval]))`;
/** Legend of a series for each value of these labels. */
const legend = (by: readonly string[]): string =>
  by.map((label) => (label === 'shard' ? 'shard {{shard}}' : `{{${label}}}`)).join(': ');
/** A rate a second for each value of these labels. */
const rates = (metric: string, ...by: string[]): Query => q(legend(by), rate(metric, by.join(', ')));
/** A gauge, put together for each value of a label. */
const gauge = (how: 'sum' | 'max' | 'min', metric: string, by: string): Query =>
  q(legend([by]), `${how} by (${by}) (watershard_${metric}{${S}})`);
const topTen = ({ legend, expr }: Query): Query => q(legend, `topk(10, ${expr})`);
/** Median and 99th percentile of a histogram. */
const quantiles = (metric: string, by = ''): Query[] =>
  [
    { part: 0.5, name: 'median' },
    { part: 0.99, name: '99 %' },
  ].map(({ part, name }) =>
    q(
      by === '' ? name : `{{${by}}} ${name}`,
      `histogram_quantile(${part}, sum by (le${by === '' ? '' : `, ${by}`}) (rate(watershard_${metric}_bucket{${S}}[$__rate_interval])))`,
    ),
  );

const graph = (title: string, unit: string, description: string, ...queries: readonly Query[]): Panel => ({
  title,
  description,
  unit,
  queries,
});
const stacked = (...panel: Parameters<typeof graph>): Panel => ({ ...graph(...panel), stacked: true });
const states = (...panel: Parameters<typeof graph>): Panel => ({ ...graph(...panel), kind: 'state-timeline' });
/** @param bad value from which on it is red */
const stat = (title: string, unit: string, description: string, expr: string, bad?: number): Panel => ({
  ...graph(title, unit, description, q('', expr)),
  kind: 'stat',
  width: 4,
  height: 4,
  ...(bad === undefined ? {} : { bad }),
});

const GLANCE = [
  stat(
    'Streams not watching',
    'none',
    'List not ended, API server away, or forbidden.',
    `count(watershard_stream_synced{${S}} == 0) or vector(0)`,
    1,
  ),
  stat(
    'Largest lag',
    's',
    'Age of the oldest of what was read and is not acknowledged.',
    `max(watershard_stream_lag_seconds{${S}})`,
    60,
  ),
  stat(
    'Records stored',
    'cps',
    'By all sinks together.',
    `sum(rate(watershard_exporter_records_total{${S}}[$__rate_interval]))`,
  ),
  stat(
    'Sinks away',
    'none',
    'Exporters whose sink cannot be reached.',
    `count(watershard_exporter_connected{${S}} == 0) or vector(0)`,
    1,
  ),
  stat(
    'Dropped, in 24 h',
    'none',
    'By a named policy. It should be 0.',
    `sum(increase(watershard_records_dropped_total{${S}}[24h])) or vector(0)`,
    1,
  ),
  stat('Memory', 'bytes', 'Resident memory of the largest instance.', `max(process_resident_memory_bytes ${OWN})`),
];

const LAG = [
  graph('Lag of streams', 's', 'The ten that are most behind.', topTen(gauge('max', 'stream_lag_seconds', 'stream'))),
  graph(
    'Time to the acknowledgement',
    's',
    'From handing a batch to the exporter to the answer of its sink.',
    ...quantiles('exporter_ack_seconds', 'exporter'),
  ),
  graph(
    'Bytes in flight',
    'bytes',
    'Between the sockets and the acknowledgements. At the limit nothing is read.',
    q('in flight', `sum(watershard_credit_bytes_in_flight{${S}})`),
    q('limit', `sum(watershard_credit_bytes_limit{${S}})`),
  ),
  graph(
    'Waits for credit',
    'cps',
    'Times that reading stopped since the sinks are slower than the cluster changes.',
    topTen(rates('credit_waits_total', 'stream')),
  ),
];

const THROUGHPUT = [
  graph(
    'Read',
    'cps',
    'Watch events and list items, the ten busiest streams.',
    topTen(rates('frames_read_total', 'stream')),
  ),
  graph('Stored', 'cps', 'Records that sinks have acknowledged.', rates('exporter_records_total', 'exporter')),
  graph(
    'Bytes',
    'Bps',
    'Read from the API server, and stored by each sink.',
    q('read', `sum(rate(watershard_bytes_read_total{${S}}[$__rate_interval]))`),
    rates('exporter_bytes_total', 'exporter'),
  ),
  stacked('No change', 'cps', 'Events that made no record, by reason.', rates('records_suppressed_total', 'reason')),
  stacked('Shards', 'cps', 'Records made by each worker thread.', rates('shard_records_total', 'shard')),
  graph(
    'Waiting for a worker',
    'bytes',
    'Bytes that wait for a worker thread or are worked on.',
    gauge('max', 'shard_queue_bytes', 'shard'),
  ),
];

const DROPS = [
  graph('Dropped', 'cps', 'Records dropped by a named policy.', rates('records_dropped_total', 'exporter', 'reason')),
  graph(
    'Refused by the sink',
    'cps',
    'They go to the dead letter, or are dropped.',
    rates('exporter_rejected_total', 'exporter', 'reason'),
  ),
  graph(
    'Set aside',
    'cps',
    'Objects that cannot be read, or that end a worker thread; and fields that failed.',
    rates('records_quarantined_total', 'stream', 'reason'),
    q('{{stream}}, field {{field}}', rate('field_errors_total', 'stream, field')),
  ),
  graph(
    'Gaps and losses',
    'none',
    'Deletes may have been missed.',
    q('gap in {{stream}}', `sum by (stream) (increase(watershard_gap_markers_total{${S}}[$__range]))`),
    q('state lost', `sum(increase(watershard_state_losses_total{${S}}[$__range]))`),
  ),
];

const SINKS = [
  states('Connected', 'none', '1 while the sink can be reached.', gauge('min', 'exporter_connected', 'exporter')),
  graph(
    'Not acknowledged',
    'bytes',
    'Bytes handed to the exporter that its sink has not acknowledged.',
    gauge('sum', 'exporter_pending_bytes', 'exporter'),
  ),
  graph(
    'Tried again',
    'cps',
    'Requests to the sink, by reason.',
    rates('exporter_retries_total', 'exporter', 'reason'),
  ),
  graph(
    'Buffers',
    'bytes',
    'What waits for an exporter that is not required, and its files.',
    gauge('sum', 'exporter_buffer_bytes', 'exporter'),
    q('{{exporter}}, files', `sum by (exporter) (watershard_exporter_buffer_disk_bytes{${S}})`),
  ),
  graph(
    'Stored files',
    'cps',
    'Files of Parquet exporters, by table.',
    rates('exporter_files_total', 'exporter', 'table'),
  ),
  graph(
    'Stored already, or stored beside',
    'cps',
    'Records that the sink had already, and claim checks.',
    q('{{exporter}}, repeated', rate('exporter_duplicates_total', 'exporter')),
    q('{{exporter}}, claim checks', rate('exporter_claim_checks_total', 'exporter')),
  ),
];

const API_SERVER = [
  stacked('Streams by state', 'none', 'State of their watch.', gauge('sum', 'streams', 'state')),
  stacked(
    'Watches ended',
    'cps',
    'closed is normal: the server ends each after some minutes.',
    rates('watches_total', 'result'),
  ),
  stacked('Lists', 'cps', 'Lists finished, by result.', rates('lists_total', 'result')),
  stacked('Requests', 'cps', 'To the API server, by status.', rates('api_requests_total', 'status')),
];

const PROCESS = [
  graph(
    'Memory',
    'bytes',
    'Resident, JavaScript heap of the main thread, and buffers outside of it.',
    q('resident {{instance}}', `process_resident_memory_bytes ${OWN}`),
    q('heap {{instance}}', `nodejs_heap_size_used_bytes ${OWN}`),
    q('outside of the heap {{instance}}', `nodejs_external_memory_bytes ${OWN}`),
  ),
  graph(
    'Known objects',
    'bytes',
    'Memory of what is known to exist, the ten largest streams.',
    topTen(gauge('sum', 'known_bytes', 'stream')),
  ),
  graph(
    'Number of known objects',
    'short',
    'The ten largest streams.',
    topTen(gauge('sum', 'known_objects', 'stream')),
  ),
  graph(
    'CPU',
    'none',
    'Cores used by all threads.',
    q('{{instance}}', `rate(process_cpu_seconds_total[$__rate_interval]) ${OWN}`),
  ),
  stacked('Commits', 'cps', 'Commits of positions, by result.', rates('state_commits_total', 'result')),
  graph('Time of a commit', 's', 'Of positions and known objects together.', ...quantiles('state_commit_seconds')),
  graph(
    'Main thread',
    's',
    'Delay of its event loop, 99th percentile.',
    gauge('max', 'main_thread_lag_seconds', 'instance'),
  ),
  graph('Worker threads replaced', 'cps', 'After a crash.', rates('shard_restarts_total', 'shard')),
  graph(
    'Configuration read again',
    'cps',
    'By what became of it; anything but applied and unchanged leaves the former one running.',
    rates('config_reloads_total', 'result'),
  ),
  graph(
    'Configuration that runs',
    'none',
    'One line for each that runs; "taken up" is 0 where the file that is there now was refused.',
    gauge('max', 'config_info', 'hash'),
    q('taken up', `min(watershard_config_last_reload_successful{${S}})`),
  ),
];

/** What stands on the dashboard, row by row. */
export const ROWS: readonly { readonly title: string; readonly panels: readonly Panel[] }[] = [
  { title: 'At a glance', panels: GLANCE },
  { title: 'Lag', panels: LAG },
  { title: 'Throughput', panels: THROUGHPUT },
  { title: 'Drops and refusals', panels: DROPS },
  { title: 'Sinks', panels: SINKS },
  { title: 'API server', panels: API_SERVER },
  { title: 'State, memory, CPU', panels: PROCESS },
];
