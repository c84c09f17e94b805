import type { Stream } from '../model/resource.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Failure, WorkResult } from '../transform/work.ts';
import { SUPPRESSIONS } from '../transform/work.ts';

/**
 * Counts, logs and tells what a piece of work brought beside its records.
 * @returns fulfilled when the letters about what was set aside are stored; undefined where there are none
 */
export function reportResult(
  context: {
    readonly metrics: Metrics;
    readonly logger: Logger;
    readonly onQuarantined: (stream: Stream, failures: readonly Failure[]) => Promise<void> | undefined;
  },
  stream: Stream,
  result: WorkResult,
): Promise<void> | undefined {
  const { metrics, logger, onQuarantined } = context;
  for (const reason of SUPPRESSIONS) {
    const count = result.suppressed[reason];
    if (count === 0) continue;
    if (reason === 'other-shard') metrics.watchShardFiltered.inc({ stream: stream.id }, count);
    else metrics.suppressed.inc({ stream: stream.id, reason }, count);
  }
  for (const { key, code, message, count } of result.failures) {
    metrics.quarantined.inc({ stream: stream.id, reason: code }, count);
    const about = { stream: stream.id, key, code, reason: message };
    logger.warn(count === 1 ? about : { ...about, count }, 'an object was set aside');
  }
  for (const { field, count, sample } of result.fieldErrors) {
    metrics.fieldErrors.inc({ stream: stream.id, field }, count);
    logger.debug({ stream: stream.id, field, count, reason: sample }, 'a field could not be extracted');
  }
  return result.failures.length > 0 ? onQuarantined(stream, result.failures) : undefined;
}
