import { WatershardError } from '../model/errors.ts';
import type { ExporterContext } from './exporter.ts';

export type RejectionCode = 'RECORD_TOO_LARGE' | 'RECORD_REJECTED' | 'RECORD_UNROUTABLE';

/**
 * Sets a record aside that the sink cannot take: counted, logged, and handed to whoever takes dead letters.
 * @returns as ExporterEvents.rejected
 */
export function rejectRecord(
  { name, metrics, logger, events }: ExporterContext,
  { id, key, payload }: { readonly id: string; readonly key: string; readonly payload: Uint8Array },
  code: RejectionCode,
  reason: string,
): Promise<void> | undefined {
  const error = new WatershardError(code, `exporter ${name} cannot store ${id} of ${key}: ${reason}`);
  metrics.rejected.inc({ exporter: name, reason: code });
  logger.warn({ exporter: name, code, id, key, bytes: payload.length }, error.message);
  return events.rejected({ exporter: name, key, id, error, payload });
}
