import type { Stream } from '../model/resource.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Failure, WorkResult } from '../transform/work.ts';
import { SUPPRESSIONS } from '../transform/work.ts';

/** Counts and logs what a piece of work brought beside its records. */
export function reportResult(
  context: {
    readonly metrics: Metrics;
    readonly logger: Logger;
    readonly onQuarantined: (stream: Stream, failure: Failure) => void;
  },
  stream: Stream,
  result: WorkResult,
): void {
  const { metrics, logger, onQuarantined } = context;
  for (const reason of SUPPRESSIONS) {
    const count = result.suppressed[reason];
    if (count > 0) metrics.suppressed.inc({ stream: stream.id, reason }, count);
  }
  for (const failure of result.failures) {
    metrics.quarantined.inc({ stream: stream.id, reason: failure.code });
    logger.warn(
      { stream: stream.id, key: failure.key, code: failure.code, reason: failure.message },
      'an object was set aside',
    );
    onQuarantined(stream, failure);
  }
  for (const { field, count, sample } of result.fieldErrors) {
    metrics.fieldErrors.inc({ stream: stream.id, field }, count);
    logger.debug({ stream: stream.id, field, count, reason: sample }, 'a field could not be extracted');
  }
}
