import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/**
 * Every metric, in flow order. Prefix `watershard_`, base units, no object names in labels. `stream` is a resource name
 * (`deployments.apps`, or `pods@namespace`), `exporter` the name from the configuration.
 */
export function createMetrics(registry = new Registry()) {
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[] = []): Counter<L> =>
    new Counter({ name: `watershard_${name}`, help, labelNames: [...labelNames], registers: [registry] });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[] = []): Gauge<L> =>
    new Gauge({ name: `watershard_${name}`, help, labelNames: [...labelNames], registers: [registry] });
  const histogram = <L extends string>(name: string, help: string, labelNames: readonly L[], buckets: number[]) =>
    new Histogram({ name: `watershard_${name}`, help, labelNames: [...labelNames], buckets, registers: [registry] });

  return {
    registry,
    // watch
    lists: counter('lists_total', 'Lists finished, by result: ok, forbidden, expired, error.', ['stream', 'result']),
    watches: counter('watches_total', 'Watches ended, by result: closed, expired, stalled, forbidden, error.', [
      'stream',
      'result',
    ]),
    apiRequests: counter('api_requests_total', 'Requests to the API server, by HTTP status or "failed".', ['status']),
    framesRead: counter('frames_read_total', 'Watch events and list items read.', ['stream']),
    bytesRead: counter('bytes_read_total', 'Bytes of watch events and list pages read.', ['stream']),
    streamSynced: gauge('stream_synced', '1 while the stream has finished its list and is watching.', ['stream']),
    streamLag: gauge(
      'stream_lag_seconds',
      'Age of the oldest of what was read of the stream and is not acknowledged by every required exporter, be it with a worker still.',
      ['stream'],
    ),
    streams: gauge('streams', 'Streams, by state of their watch.', ['state']),
    watchShardIndex: gauge('watch_shard_index', 'Which shard of the objects this instance watches (watch.shard).'),
    watchShardCount: gauge('watch_shard_count', 'Into how many shards the objects are divided; 0 where they are not.'),
    watchShardHonoured: gauge(
      'watch_shard_honoured',
      '1 where the API server says that it sends the objects of this shard only, 0 where the others are left out here.',
      ['stream'],
    ),
    watchShardFiltered: counter(
      'watch_shard_filtered_total',
      'Events and list items of other shards that were received and left out.',
      ['stream'],
    ),
    watchShardMismatches: counter(
      'watch_shard_mismatches_total',
      'Lists that were refused, as the API server says that they are of another shard.',
      ['stream'],
    ),
    discoveries: counter('discoveries_total', 'Discovery refreshes, by result: changed, unchanged, error.', ['result']),
    // shard
    shardBatches: counter('shard_batches_total', 'Batches processed by a shard.', ['shard']),
    shardRecords: counter('shard_records_total', 'Records made by a shard.', ['shard']),
    shardRestarts: counter('shard_restarts_total', 'Worker threads replaced after a crash.', ['shard']),
    shardQueueBytes: gauge('shard_queue_bytes', 'Bytes waiting for or being worked on by a shard.', ['shard']),
    creditBytes: gauge('credit_bytes_in_flight', 'Bytes between the socket and the acknowledgement.'),
    creditLimit: gauge('credit_bytes_limit', 'Bytes allowed between the socket and the acknowledgement.'),
    creditWaits: counter('credit_waits_total', 'Times that reading stopped for lack of credit.', ['stream']),
    // transform
    suppressed: counter('records_suppressed_total', 'Events that were no change, by reason.', ['stream', 'reason']),
    dropped: counter('records_dropped_total', 'Records dropped by a named policy, by reason.', ['exporter', 'reason']),
    quarantined: counter('records_quarantined_total', 'Frames or objects set aside, by reason.', ['stream', 'reason']),
    fieldErrors: counter('field_errors_total', 'Extracted fields that failed for an object.', ['stream', 'field']),
    knownObjects: gauge('known_objects', 'Objects known to exist.', ['stream']),
    knownBytes: gauge('known_bytes', 'Memory of the known-objects set.', ['stream']),
    // state
    commits: counter('state_commits_total', 'Commits of positions, by result: ok, lost, held, error.', ['result']),
    commitSeconds: histogram('state_commit_seconds', 'Time of a commit.', [], [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10]),
    stateLosses: counter('state_losses_total', 'Times that the state was found lost.'),
    gaps: counter('gap_markers_total', 'Gap markers sent.', ['stream']),
    // exporters
    records: counter('exporter_records_total', 'Records acknowledged by the sink.', ['exporter']),
    bytes: counter('exporter_bytes_total', 'Bytes of records acknowledged by the sink.', ['exporter']),
    duplicates: counter('exporter_duplicates_total', 'Records that the sink had already.', ['exporter']),
    retries: counter('exporter_retries_total', 'Requests to the sink that were tried again, by reason.', [
      'exporter',
      'reason',
    ]),
    rejected: counter('exporter_rejected_total', 'Records that the sink cannot take, by reason.', [
      'exporter',
      'reason',
    ]),
    filtered: counter(
      'exporter_filtered_total',
      'Records that the settings of an exporter leave out, by reason: resource, namespace, operation, event.',
      ['exporter', 'reason'],
    ),
    claimChecks: counter('exporter_claim_checks_total', 'Records above the limit of the sink, stored beside it.', [
      'exporter',
    ]),
    pendingBytes: gauge('exporter_pending_bytes', 'Bytes written to the exporter and not acknowledged.', ['exporter']),
    bufferBytes: gauge('exporter_buffer_bytes', 'Bytes that wait in the buffer of an exporter that is not required.', [
      'exporter',
    ]),
    bufferRecords: gauge(
      'exporter_buffer_records',
      'Records that wait in the buffer of an exporter that is not required.',
      ['exporter'],
    ),
    bufferDiskBytes: gauge(
      'exporter_buffer_disk_bytes',
      'Size of the files of a buffer on disk, with what of them is acknowledged.',
      ['exporter'],
    ),
    bufferErrors: counter('exporter_buffer_errors_total', 'Times that a buffer on disk could not be written or read.', [
      'exporter',
    ]),
    bufferDamaged: counter(
      'exporter_buffer_damaged_bytes_total',
      'Bytes of a buffer on disk that are no records: cut short by a crash, or damaged.',
      ['exporter'],
    ),
    ackSeconds: histogram(
      'exporter_ack_seconds',
      'Time from handing a batch to the exporter to its acknowledgement.',
      ['exporter'],
      [0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60],
    ),
    files: counter('exporter_files_total', 'Files stored.', ['exporter', 'table']),
    connected: gauge('exporter_connected', '1 while the sink can be reached.', ['exporter']),
    // configuration
    configReloads: counter(
      'config_reloads_total',
      'Changes of the configuration file that were looked at, by result: applied, unchanged, invalid, refused (needs a restart), failed (did not start).',
      ['result'],
    ),
    configReloadOk: gauge(
      'config_last_reload_successful',
      '1 where the configuration that runs is what the file said last, 0 where the former one goes on.',
    ),
    configReloadTime: gauge(
      'config_last_reload_success_timestamp_seconds',
      'When the configuration that runs was taken up, Unix time.',
    ),
    configInfo: gauge('config_info', '1, with the beginning of the SHA-256 of the configuration file that runs.', [
      'hash',
    ]),
    // process
    mainLoopLag: gauge(
      'main_thread_lag_seconds',
      "Delay of the main thread's event loop, 99th percentile since the last scrape.",
    ),
  };
}

export type Metrics = ReturnType<typeof createMetrics>;

/** Labels of what comes and goes with a configuration. */
const PASSING = new Set(['stream', 'exporter', 'shard', 'state']);

/** A stream has gone, and nothing is counted of it any more: nor is it shown. */
export async function forgetStream({ registry }: Pick<Metrics, 'registry'>, stream: string): Promise<void> {
  for (const metric of registry.getMetricsAsArray()) {
    if (!(metric instanceof Counter || metric instanceof Gauge)) continue;
    const { values } = await metric.get();
    for (const { labels } of values) if (labels.stream === stream) metric.remove(labels);
  }
}

/** Another topology begins: a gauge of a stream or exporter that it has not would stand still for ever. */
export function forgetGauges({ registry }: Pick<Metrics, 'registry'>): void {
  for (const metric of registry.getMetricsAsArray()) {
    const { labelNames } = metric as unknown as { readonly labelNames: readonly string[] };
    if (metric instanceof Gauge && labelNames.some((name) => PASSING.has(name))) metric.reset();
  }
}
