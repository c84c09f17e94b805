import { WatershardError } from '../model/errors.ts';
import type { Thread } from '../model/thread.ts';
import type { ExporterContext } from './exporter.ts';
import type { CheckContext } from './exporter-type.ts';

const nothing = (): undefined => undefined;

/** Of an exporter that has no thread of its own. */
export function noThread(): never {
  throw new WatershardError('INTERNAL', 'the check of this exporter needs no thread');
}

/** For an exporter that is made only to be checked: no record comes to it, and nobody listens. */
export function idleContext(
  { name, cluster, logger, metrics }: CheckContext,
  openThread: () => Thread,
): ExporterContext {
  const events = { acked: nothing, absorbed: nothing, cutWanted: nothing, lost: nothing, rejected: nothing };
  return { name, cluster, epoch: 'check', confirm: async () => undefined, logger, metrics, events, openThread };
}
