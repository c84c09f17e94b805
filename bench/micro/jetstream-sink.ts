import type { Exporter } from '../../src/exporters/exporter.ts';
import { jetstreamType } from '../../src/exporters/jetstream/type.ts';
import type { Stream } from '../../src/model/resource.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';

export interface SinkEvents {
  /** Everything up to the batch with this number is stored. */
  acked(sequence: number): void;
  /** A record was refused, or a batch lost. */
  failed(error: Error): void;
}

/** The exporter as it runs, for one stream of objects: one message in flight a key, resends, metrics. */
export async function jetstreamSink(
  config: Parameters<typeof jetstreamType.create>[0],
  stream: Stream,
  { acked, failed }: SinkEvents,
): Promise<Exporter> {
  const sink = await jetstreamType.create(config, {
    name: 'bus',
    cluster: 'bench',
    confirm: async () => undefined,
    epoch: '00000000-0000',
    logger: createLogger('silent'),
    metrics: createMetrics(),
    openThread: () => {
      throw new Error('this exporter has no thread');
    },
    events: {
      acked: (_, __, sequence) => acked(sequence),
      absorbed: () => undefined,
      cutWanted: () => undefined,
      rejected: ({ error }) => {
        failed(error);
        return undefined;
      },
      lost: (_, reason) => failed(new Error(reason)),
    },
  });
  await sink.start(new AbortController().signal);
  sink.open(stream, 1, undefined, []);
  return sink;
}
