import type { Config } from '../config/schema.ts';
import type { Exporter, ExporterContext, ExporterEvents, Rejected } from '../exporters/exporter.ts';
import type { ExporterType, LaneWish } from '../exporters/exporter-type.ts';
import { EXPORTERS, type ExporterConfig } from '../exporters/registry.ts';
import { WorkerThread } from '../shard/threads.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { LanePlan } from '../transform/plan.ts';
import { DEAD_LETTERS, DeadLetters } from './dead-letter.ts';
import { Outlet } from './outlet.ts';
import type { StreamRun } from './stream-run.ts';

/** The registry keeps each type beside its own configuration; seen from here they are all alike. */
interface AnyExporterType extends Pick<ExporterType, 'capabilities'> {
  lane(config: ExporterConfig): LaneWish;
  create(config: ExporterConfig, context: ExporterContext): Promise<Exporter>;
}

export function exporterType(config: ExporterConfig): AnyExporterType {
  return EXPORTERS[config.type] as AnyExporterType;
}

/** What the transform has to produce, one lane an exporter in the order of the configuration. */
export function lanePlans(config: Pick<Config, 'exporters'>): LanePlan[] {
  return config.exporters.map((e) => ({ exporter: e.name, ...exporterType(e).lane(e) }));
}

export interface OutletsContext {
  readonly epoch: string;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly runOf: (stream: string) => StreamRun | undefined;
  readonly onLost: (stream: string, reason: string) => void;
}

/** Makes the exporters of a configuration and leads their answers to the streams. */
export async function createOutlets(config: Config, context: OutletsContext): Promise<Outlet[]> {
  const outlets: Outlet[] = [];
  let deadLetters: DeadLetters | undefined;
  const logger = context.logger;
  for (const [lane, e] of config.exporters.entries()) {
    const own = (): Outlet => outlets[lane] as Outlet;
    const events: ExporterEvents = {
      acked: (stream, incarnation, sequence) => {
        if (stream === DEAD_LETTERS.id) own().acked(stream, sequence);
        else context.runOf(stream)?.acked(own(), incarnation, sequence);
      },
      absorbed: (stream, incarnation, sequence) => context.runOf(stream)?.absorbed(own(), incarnation, sequence),
      // Later, since an exporter may say so in the middle of a `write`.
      cutWanted: (stream) => queueMicrotask(() => context.runOf(stream)?.cut()),
      lost: (stream, reason) => context.onLost(stream, reason),
      rejected: (record: Rejected) => deadLetters?.take(record),
    };
    const exporter = await exporterType(e).create(e, {
      name: e.name,
      cluster: config.cluster.name,
      get epoch() {
        return context.epoch;
      },
      logger: logger.child({ exporter: e.name }),
      metrics: context.metrics,
      events,
      openThread: () => new WorkerThread('parquet'),
    });
    outlets.push(new Outlet(exporter, lane, e, context.metrics, logger));
  }
  const routes = new Map<string, Outlet>();
  for (const e of config.exporters) {
    const target = e.deadLetter === undefined ? undefined : outlets.find((o) => o.name === e.deadLetter);
    if (target !== undefined) routes.set(e.name, target);
  }
  deadLetters = new DeadLetters(routes, config.cluster.name, context.metrics, logger);
  return outlets;
}
