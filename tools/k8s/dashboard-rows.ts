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

const one = (expr: string, legend: string): readonly Query[] => [{ expr, legend }];
const rate = (metric: string, by: string, filter = S): string =>
  `sum by (${by}) (rate(watershard_${metric}{${filter}}[$__rate_interval]))`;
const quantile = (q: number, metric: string, by: string): string =>
  `histogram_quantile(${q}, sum by (le${by === '' ? '' : `, ${by}`}) (rate(watershard_${metric}_bucket{${S}}[$__rate_interval])))`;
const stat = (title: string, description: string, expr: string, unit: string, bad?: number): Panel => ({
  title,
  description,
  unit,
  queries: one(expr, ''),
  kind: 'stat',
  width: 4,
  height: 4,
  ...(bad === undefined ? {} : { bad }),
});

/** What stands on the dashboard, row by row. */
export const ROWS: readonly { readonly title: string; readonly panels: readonly Panel[] }[] = [
  {
    title: 'At a glance',
    panels: [
      stat(
        'Streams not watching',
        'List not ended, API server away, or forbidden.',
        `count(watershard_stream_synced{${S}} == 0) or vector(0)`,
        'none',
        1,
      ),
      stat(
        'Largest lag',
        'Age of the oldest of what was read and is not acknowledged.',
        `max(watershard_stream_lag_seconds{${S}})`,
        's',
        60,
      ),
      stat(
        'Records stored',
        'By all sinks together.',
        `sum(rate(watershard_exporter_records_total{${S}}[$__rate_interval]))`,
        'cps',
      ),
      stat(
        'Sinks away',
        'Exporters whose sink cannot be reached.',
        `count(watershard_exporter_connected{${S}} == 0) or vector(0)`,
        'none',
        1,
      ),
      stat(
        'Dropped, in 24 h',
        'By a named policy. It should be 0.',
        `sum(increase(watershard_records_dropped_total{${S}}[24h])) or vector(0)`,
        'none',
        1,
      ),
      stat('Memory', 'Resident memory of the largest instance.', `max(process_resident_memory_bytes ${OWN})`, 'bytes'),
    ],
  },
  {
    title: 'Lag',
    panels: [
      {
        title: 'Lag of streams',
        description: 'The ten that are most behind.',
        unit: 's',
        queries: one(`topk(10, max by (stream) (watershard_stream_lag_seconds{${S}}))`, '{{stream}}'),
      },
      {
        title: 'Time to the acknowledgement',
        description: 'From handing a batch to the exporter to the answer of its sink.',
        unit: 's',
        queries: [
          { expr: quantile(0.5, 'exporter_ack_seconds', 'exporter'), legend: '{{exporter}} median' },
          { expr: quantile(0.99, 'exporter_ack_seconds', 'exporter'), legend: '{{exporter}} 99 %' },
        ],
      },
      {
        title: 'Bytes in flight',
        description: 'Between the sockets and the acknowledgements. At the limit nothing is read.',
        unit: 'bytes',
        queries: [
          { expr: `sum(watershard_credit_bytes_in_flight{${S}})`, legend: 'in flight' },
          { expr: `sum(watershard_credit_bytes_limit{${S}})`, legend: 'limit' },
        ],
      },
      {
        title: 'Waits for credit',
        description: 'Times that reading stopped since the sinks are slower than the cluster changes.',
        unit: 'cps',
        queries: one(`topk(10, ${rate('credit_waits_total', 'stream')})`, '{{stream}}'),
      },
    ],
  },
  {
    title: 'Throughput',
    panels: [
      {
        title: 'Read',
        description: 'Watch events and list items, the ten busiest streams.',
        unit: 'cps',
        queries: one(`topk(10, ${rate('frames_read_total', 'stream')})`, '{{stream}}'),
      },
      {
        title: 'Stored',
        description: 'Records that sinks have acknowledged.',
        unit: 'cps',
        queries: one(rate('exporter_records_total', 'exporter'), '{{exporter}}'),
      },
      {
        title: 'Bytes',
        description: 'Read from the API server, and stored by each sink.',
        unit: 'Bps',
        queries: [
          { expr: `sum(rate(watershard_bytes_read_total{${S}}[$__rate_interval]))`, legend: 'read' },
          { expr: rate('exporter_bytes_total', 'exporter'), legend: '{{exporter}}' },
        ],
      },
      {
        title: 'No change',
        description: 'Events that made no record, by reason.',
        unit: 'cps',
        stacked: true,
        queries: one(rate('records_suppressed_total', 'reason'), '{{reason}}'),
      },
      {
        title: 'Shards',
        description: 'Records made by each worker thread.',
        unit: 'cps',
        stacked: true,
        queries: one(rate('shard_records_total', 'shard'), 'shard {{shard}}'),
      },
      {
        title: 'Waiting for a worker',
        description: 'Bytes that wait for a worker thread or are worked on.',
        unit: 'bytes',
        queries: one(`max by (shard) (watershard_shard_queue_bytes{${S}})`, 'shard {{shard}}'),
      },
    ],
  },
  {
    title: 'Drops and refusals',
    panels: [
      {
        title: 'Dropped',
        description: 'Records dropped by a named policy.',
        unit: 'cps',
        queries: one(rate('records_dropped_total', 'exporter, reason'), '{{exporter}}: {{reason}}'),
      },
      {
        title: 'Refused by the sink',
        description: 'They go to the dead letter, or are dropped.',
        unit: 'cps',
        queries: one(rate('exporter_rejected_total', 'exporter, reason'), '{{exporter}}: {{reason}}'),
      },
      {
        title: 'Set aside',
        description: 'Objects that cannot be read, or that end a worker thread; and fields that failed.',
        unit: 'cps',
        queries: [
          { expr: rate('records_quarantined_total', 'stream, reason'), legend: '{{stream}}: {{reason}}' },
          { expr: rate('field_errors_total', 'stream, field'), legend: '{{stream}}, field {{field}}' },
        ],
      },
      {
        title: 'Gaps and losses',
        description: 'Deletes may have been missed.',
        unit: 'none',
        queries: [
          {
            expr: `sum by (stream) (increase(watershard_gap_markers_total{${S}}[$__range]))`,
            legend: 'gap in {{stream}}',
          },
          { expr: `sum(increase(watershard_state_losses_total{${S}}[$__range]))`, legend: 'state lost' },
        ],
      },
    ],
  },
  {
    title: 'Sinks',
    panels: [
      {
        title: 'Connected',
        description: '1 while the sink can be reached.',
        unit: 'none',
        kind: 'state-timeline',
        queries: one(`min by (exporter) (watershard_exporter_connected{${S}})`, '{{exporter}}'),
      },
      {
        title: 'Not acknowledged',
        description: 'Bytes handed to the exporter that its sink has not acknowledged.',
        unit: 'bytes',
        queries: one(`sum by (exporter) (watershard_exporter_pending_bytes{${S}})`, '{{exporter}}'),
      },
      {
        title: 'Tried again',
        description: 'Requests to the sink, by reason.',
        unit: 'cps',
        queries: one(rate('exporter_retries_total', 'exporter, reason'), '{{exporter}}: {{reason}}'),
      },
      {
        title: 'Buffers',
        description: 'What waits for an exporter that is not required, and its files.',
        unit: 'bytes',
        queries: [
          { expr: `sum by (exporter) (watershard_exporter_buffer_bytes{${S}})`, legend: '{{exporter}}' },
          { expr: `sum by (exporter) (watershard_exporter_buffer_disk_bytes{${S}})`, legend: '{{exporter}}, files' },
        ],
      },
      {
        title: 'Stored files',
        description: 'Files of Parquet exporters, by table.',
        unit: 'cps',
        queries: one(rate('exporter_files_total', 'exporter, table'), '{{exporter}}: {{table}}'),
      },
      {
        title: 'Stored already, or stored beside',
        description: 'Records that the sink had already, and claim checks.',
        unit: 'cps',
        queries: [
          { expr: rate('exporter_duplicates_total', 'exporter'), legend: '{{exporter}}, repeated' },
          { expr: rate('exporter_claim_checks_total', 'exporter'), legend: '{{exporter}}, claim checks' },
        ],
      },
    ],
  },
  {
    title: 'API server',
    panels: [
      {
        title: 'Streams by state',
        description: 'State of their watch.',
        unit: 'none',
        stacked: true,
        queries: one(`sum by (state) (watershard_streams{${S}})`, '{{state}}'),
      },
      {
        title: 'Watches ended',
        description: 'closed is normal: the server ends each after some minutes.',
        unit: 'cps',
        stacked: true,
        queries: one(rate('watches_total', 'result'), '{{result}}'),
      },
      {
        title: 'Lists',
        description: 'Lists finished, by result.',
        unit: 'cps',
        stacked: true,
        queries: one(rate('lists_total', 'result'), '{{result}}'),
      },
      {
        title: 'Requests',
        description: 'To the API server, by status.',
        unit: 'cps',
        stacked: true,
        queries: one(rate('api_requests_total', 'status'), '{{status}}'),
      },
    ],
  },
  {
    title: 'State, memory, CPU',
    panels: [
      {
        title: 'Memory',
        description: 'Resident, JavaScript heap of the main thread, and buffers outside of it.',
        unit: 'bytes',
        queries: [
          { expr: `process_resident_memory_bytes ${OWN}`, legend: 'resident {{instance}}' },
          { expr: `nodejs_heap_size_used_bytes ${OWN}`, legend: 'heap {{instance}}' },
          { expr: `nodejs_external_memory_bytes ${OWN}`, legend: 'outside of the heap {{instance}}' },
        ],
      },
      {
        title: 'Known objects',
        description: 'Memory of what is known to exist, the ten largest streams.',
        unit: 'bytes',
        queries: one(`topk(10, sum by (stream) (watershard_known_bytes{${S}}))`, '{{stream}}'),
      },
      {
        title: 'Number of known objects',
        description: 'The ten largest streams.',
        unit: 'short',
        queries: one(`topk(10, sum by (stream) (watershard_known_objects{${S}}))`, '{{stream}}'),
      },
      {
        title: 'CPU',
        description: 'Cores used by all threads.',
        unit: 'none',
        queries: one(`rate(process_cpu_seconds_total[$__rate_interval]) ${OWN}`, '{{instance}}'),
      },
      {
        title: 'Commits',
        description: 'Commits of positions, by result.',
        unit: 'cps',
        stacked: true,
        queries: one(rate('state_commits_total', 'result'), '{{result}}'),
      },
      {
        title: 'Time of a commit',
        description: 'Of positions and known objects together.',
        unit: 's',
        queries: [
          { expr: quantile(0.5, 'state_commit_seconds', ''), legend: 'median' },
          { expr: quantile(0.99, 'state_commit_seconds', ''), legend: '99 %' },
        ],
      },
      {
        title: 'Main thread',
        description: 'Delay of its event loop, 99th percentile.',
        unit: 's',
        queries: one(`max by (instance) (watershard_main_thread_lag_seconds{${S}})`, '{{instance}}'),
      },
      {
        title: 'Worker threads replaced',
        description: 'After a crash.',
        unit: 'cps',
        queries: one(rate('shard_restarts_total', 'shard'), 'shard {{shard}}'),
      },
      {
        title: 'Configuration read again',
        description: 'By what became of it; anything but applied and unchanged leaves the former one running.',
        unit: 'cps',
        queries: one(rate('config_reloads_total', 'result'), '{{result}}'),
      },
      {
        title: 'Configuration that runs',
        description: 'One line for each that runs; "taken up" is 0 where the file that is there now was refused.',
        unit: 'none',
        queries: [
          { expr: `max by (hash) (watershard_config_info{${S}})`, legend: '{{hash}}' },
          { expr: `min(watershard_config_last_reload_successful{${S}})`, legend: 'taken up' },
        ],
      },
    ],
  },
];
