import { createRequire } from 'node:module';
import type { Config } from '../config/schema.ts';
import { resourceName } from '../model/resource.ts';
import type { HealthReport, StatusError, StatusReport } from '../model/status.ts';
import type { StreamRun } from './stream-run.ts';
import type { Topology } from './topology.ts';

/** Streams that are shown one by one in the reasons for not being ready; the rest is counted. */
const SHOWN = 10;

function packageVersion(): string {
  const require = createRequire(import.meta.url);
  for (const path of ['../../package.json', '../../../package.json']) {
    try {
      return (require(path) as { version: string }).version;
    } catch (e) {
      if ((e as { code?: string }).code !== 'MODULE_NOT_FOUND') throw e;
    }
  }
  return '0.0.0';
}

const VERSION = packageVersion();

export function startingStatus(config: Config, startedAt: number, reasons: readonly string[]): StatusReport {
  return {
    version: VERSION,
    cluster: { name: config.cluster.name, uid: '', server: '' },
    startedAt,
    ready: false,
    reasons,
    state: { kind: '', epoch: '' },
    credits: { inFlight: 0, limit: config.flow.bytesInFlight },
    streams: [],
    shards: [],
    exporters: [],
    totals: { records: 0, bytes: 0 },
    errors: [],
    history: { records: [], bytes: [], lagSeconds: [], inFlight: [] },
  };
}

export function healthOf(topology: Topology): HealthReport {
  const reasons = reasonsOf(topology);
  return { live: true, ready: reasons.length === 0, reasons };
}

function reasonsOf(topology: Topology): string[] {
  if (topology.draining) return ['it is draining'];
  const reasons: string[] = [];
  for (const outlet of topology.outlets) {
    const health = outlet.health();
    if (!health.ok && outlet.required) reasons.push(`exporter ${outlet.name}: ${health.detail ?? 'not ready'}`);
  }
  if (topology.rewriting) reasons.push('the state was lost and is being opened again');
  const trouble = topology.committer.trouble ?? topology.session.trouble();
  if (trouble !== undefined) reasons.push(`state: ${trouble}`);
  if (!topology.connected) return reasons.length === 0 ? ['the exporters are connecting'] : reasons;
  if (!topology.discovered) reasons.push('the resources of the API server are not known yet');
  const halted = [...topology.runs.values()].filter((run) => run.halted).map((run) => run.stream.id);
  if (halted.length > 0) reasons.push(`begin again at their last commit: ${halted.slice(0, SHOWN).join(', ')}`);
  const waiting = topology.watcher.streams().filter((s) => !s.synced && s.state !== 'forbidden');
  for (const s of waiting.slice(0, SHOWN))
    reasons.push(`${s.stream.id}: ${s.state}${s.lastError === undefined ? '' : `, ${s.lastError.message}`}`);
  if (waiting.length > SHOWN) reasons.push(`${waiting.length - SHOWN} more streams are not synced`);
  return reasons;
}

export function statusOf(topology: Topology): StatusReport {
  const { config, options, committer, credits, watcher, runs } = topology;
  const reasons = reasonsOf(topology);
  const trouble = committer.trouble ?? topology.session.trouble();
  const now = Date.now();
  return {
    version: VERSION,
    cluster: { name: config.cluster.name, uid: options.clusterUid, server: options.client.server },
    startedAt: options.memory.startedAt,
    ready: reasons.length === 0,
    reasons,
    state: {
      kind: options.stateKind,
      epoch: topology.session.epoch,
      ...(trouble === undefined ? {} : { trouble }),
      ...(committer.lastCommitAt === undefined ? {} : { lastCommitAt: committer.lastCommitAt }),
    },
    ...(config.watch.shard === undefined ? {} : { watchShard: config.watch.shard }),
    credits: { inFlight: credits.inFlight, limit: credits.limit },
    streams: watcher.streams().map((s) => {
      const run = runs.get(s.stream.id);
      return {
        id: s.stream.id,
        resource: resourceName(s.stream.resource),
        state: s.state,
        since: s.since,
        shard: run?.shards[0] ?? 0,
        synced: s.synced,
        resourceVersion: run?.position?.resourceVersion ?? '',
        knownObjects: sum(run?.knownObjects ?? []),
        records: run?.records ?? 0,
        lagSeconds: lagOf(run, now),
        ...(s.shardedBy === undefined ? {} : { shardedBy: s.shardedBy }),
        ...(s.lastError === undefined ? {} : { lastError: s.lastError }),
      };
    }),
    shards: topology.shards.status(),
    exporters: topology.outlets.map((o) => {
      const { ok, detail, error } = o.health();
      return {
        name: o.name,
        type: o.type,
        required: o.required,
        ok,
        ...(detail === undefined ? {} : { detail }),
        ...(error === undefined ? {} : { lastError: error }),
        acknowledged: o.acknowledged,
        pendingBytes: o.pendingBytes,
        ackTimes: o.ackTimes.counts(now),
        ...(o.buffer === undefined ? {} : { buffer: o.buffer }),
        status: o.exporter.status(),
      };
    }),
    totals: totalsOf(topology),
    errors: options.memory.errors.list(),
    history: options.memory.history.report(),
  };
}

/** Brings the gauges up to date; once a second. */
export function observe(topology: Topology): void {
  const { metrics, memory } = topology.options;
  const now = Date.now();
  metrics.creditBytes.set(topology.credits.inFlight);
  let most = 0;
  for (const [stream, run] of topology.runs) {
    const lag = lagOf(run, now);
    most = Math.max(most, lag);
    metrics.knownObjects.set({ stream }, sum(run.knownObjects));
    metrics.knownBytes.set({ stream }, sum(run.knownBytes));
    metrics.streamLag.set({ stream }, lag);
  }
  for (const outlet of topology.outlets) {
    const exporter = outlet.name;
    metrics.pendingBytes.set({ exporter }, outlet.pendingBytes);
    metrics.connected.set({ exporter }, outlet.exporter.health().ok ? 1 : 0);
    const { buffer } = outlet;
    if (buffer === undefined) continue;
    metrics.bufferBytes.set({ exporter }, buffer.bytes);
    metrics.bufferRecords.set({ exporter }, buffer.records);
    if (buffer.diskBytes !== undefined) metrics.bufferDiskBytes.set({ exporter }, buffer.diskBytes);
  }
  for (const { index, queueBytes } of topology.shards.status())
    metrics.shardQueueBytes.set({ shard: String(index) }, queueBytes);
  const totals = totalsOf(topology);
  memory.history.sample(now, { ...totals, lagSeconds: most, inFlight: topology.credits.inFlight });
  memory.errors.sample(errorsOf(topology));
}

/** What is wrong at present, by where. */
function errorsOf(topology: Topology): Map<string, StatusError> {
  const errors = new Map<string, StatusError>();
  for (const { name, error } of topology.outlets.map((o) => ({ name: o.name, ...o.health() })))
    if (error !== undefined) errors.set(`exporter ${name}`, error);
  for (const { stream, lastError } of topology.watcher.streams())
    if (lastError !== undefined) errors.set(`stream ${stream.id}`, lastError);
  return errors;
}

export function totalsOf({ runs, retired }: Topology): StatusReport['totals'] {
  const all = [...runs.values(), ...retired.others(runs)];
  return { records: sum(all.map((run) => run.records)), bytes: sum(all.map((run) => run.bytes)) };
}

function lagOf(run: StreamRun | undefined, now: number): number {
  return run?.oldestUnacked === undefined ? 0 : Math.max(0, now - run.oldestUnacked / 1000) / 1000;
}

function sum(parts: readonly number[]): number {
  return parts.reduce((a, b) => a + b, 0);
}
