import type { Config } from '../config/schema.ts';
import type { Batch, Exporter, ExporterContext, ExporterEvents, Rejected } from '../exporters/exporter.ts';
import type { ExporterType, LaneWish } from '../exporters/exporter-type.ts';
import { EXPORTERS, type ExporterConfig } from '../exporters/registry.ts';
import type { Credits } from '../shard/credits.ts';
import { WorkerThread } from '../shard/threads.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { LanePlan } from '../transform/plan.ts';
import { openBuffer, warnOfForgottenBuffers } from './buffer-folders.ts';
import { DEAD_LETTERS, DeadLetters, type Route } from './dead-letter.ts';
import { type BufferedBatch, bufferReports, DiskOutlet } from './disk-outlet.ts';
import { MemoryOutlet, type Outlet, type OutletOptions } from './outlet.ts';
import type { StreamRun } from './stream-run.ts';

/** The registry keeps each type beside its own configuration; seen from here they are all alike. */
interface AnyExporterType extends Pick<ExporterType, 'capabilities'> {
  lane(config: ExporterConfig, table?: Batch['table']): LaneWish;
  create(config: ExporterConfig, context: ExporterContext): Promise<Exporter>;
}

export function exporterType(config: ExporterConfig): AnyExporterType {
  return EXPORTERS[config.type] as AnyExporterType;
}

/** Those that get records: an exporter that some `deadLetter` names gets the dead letters, and nothing else. */
function recipients({ exporters }: Pick<Config, 'exporters'>): ExporterConfig[] {
  const letters = new Set(exporters.map((e) => e.deadLetter));
  return exporters.filter((e) => !letters.has(e.name));
}

/** What the transform has to produce, one lane an exporter that gets records, in the order of the configuration. */
export function lanePlans(config: Pick<Config, 'exporters'>, mode: 'run' | 'snapshot' = 'run'): LanePlan[] {
  const table = mode === 'snapshot' ? 'inventory' : 'changes';
  return recipients(config).map((e) => ({ exporter: e.name, ...exporterType(e).lane(e, table) }));
}

export interface OutletsContext {
  readonly epoch: string;
  readonly credits: Credits;
  readonly confirm: () => Promise<void>;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly mode: 'run' | 'snapshot';
  readonly runOf: (stream: string) => StreamRun | undefined;
  readonly onLost: (stream: string, reason: string, required: boolean) => void;
}

export interface Outlets {
  readonly outlets: readonly Outlet[];
  readonly deadLetters: DeadLetters;
}

/** Makes the exporters of a configuration and leads their answers to the streams. */
export async function createOutlets(config: Config, context: OutletsContext): Promise<Outlets> {
  const receiving = recipients(config);
  const outlets: Outlet[] = [];
  let deadLetters: DeadLetters | undefined;
  const logger = context.logger;
  for (const [index, e] of config.exporters.entries()) {
    const own = (): Outlet => outlets[index] as Outlet;
    const events: ExporterEvents = {
      acked: (stream, incarnation, sequence) => {
        if (own() instanceof DiskOutlet) own().acked(stream, sequence);
        else if (stream === DEAD_LETTERS.id) {
          own().acked(stream, sequence);
          deadLetters?.acked(own(), sequence);
        } else context.runOf(stream)?.acked(own(), incarnation, sequence);
      },
      absorbed: (stream, incarnation, sequence) => context.runOf(stream)?.absorbed(own(), incarnation, sequence),
      // Later, since an exporter may say so in the middle of a `write`.
      cutWanted: (stream) => queueMicrotask(() => context.runOf(stream)?.cut()),
      lost: (stream, reason) => context.onLost(stream, reason, e.required),
      rejected: (record: Rejected) => deadLetters?.take(record),
    };
    const exporter = await exporterType(e).create(e, {
      name: e.name,
      cluster: config.cluster.name,
      get epoch() {
        return context.epoch;
      },
      confirm: context.confirm,
      logger,
      metrics: context.metrics,
      events,
      openThread: () => new WorkerThread('parquet'),
    });
    const lane = receiving.indexOf(e);
    if (e.buffer.type === 'disk' && context.mode === 'run') {
      const taken = ({ stream, incarnation, sequence }: BufferedBatch): void => {
        if (stream === DEAD_LETTERS.id) deadLetters?.acked(own(), sequence);
        else context.runOf(stream)?.taken(own(), incarnation, sequence);
      };
      const readable = (): void => (outlets[index] as DiskOutlet | undefined)?.forward();
      const reports = bufferReports(e.name, context.metrics, logger);
      const buffer = await openBuffer(config, e, exporterType(e).lane(e), { ...reports, taken, readable });
      outlets.push(new DiskOutlet(exporter, lane, e, buffer, context.metrics));
    } else {
      const dropped = (batch: Batch): void => {
        if (batch.stream === DEAD_LETTERS) deadLetters?.dropped(own(), batch.sequence);
      };
      outlets.push(new MemoryOutlet(exporter, lane, inMemory(e), context.metrics, logger, dropped));
    }
  }
  const routes = new Map<string, Route>();
  for (const e of config.exporters) {
    const index = config.exporters.findIndex((other) => other.name === e.deadLetter);
    const [target, outlet] = [config.exporters[index], outlets[index]];
    if (target !== undefined && outlet !== undefined)
      routes.set(e.name, { outlet, subject: exporterType(target).lane(target).subject });
  }
  deadLetters = new DeadLetters(routes, config.cluster.name, context.credits, context.metrics, logger);
  if (context.mode === 'run') await warnOfForgottenBuffers(config, logger);
  // What an earlier process has left goes first.
  for (const outlet of outlets) if (outlet instanceof DiskOutlet) outlet.forward();
  return { outlets, deadLetters };
}

/** A snapshot is over when it is delivered, and may be taken beside a run whose buffers are on the disk: its own are in memory. */
const SNAPSHOT_BUFFER = 64 * 2 ** 20;

function inMemory({ name, type, required, buffer: { type: where, bytes, overflow } }: ExporterConfig): OutletOptions {
  const limit = where === 'disk' ? Math.min(bytes, SNAPSHOT_BUFFER) : bytes;
  return { name, type, required, buffer: { bytes: limit, overflow } };
}
