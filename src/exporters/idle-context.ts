import type { Thread } from '../model/thread.ts';
import type { ExporterContext } from './exporter.ts';
import type { CheckContext } from './exporter-type.ts';

const nothing = (): undefined => undefined;

/** For an exporter that is made only to be checked: no record comes to it, and nobody listens. */
export function idleContext(
  { name, cluster, logger, metrics }: CheckContext,
  openThread: () => Thread,
): ExporterContext {
  const events = { acked: nothing, absorbed: nothing, cutWanted: nothing, lost: nothing, rejected: nothing };
  return { name, cluster, epoch: 'check', confirm: async () => undefined, logger, metrics, events, openThread };
}
