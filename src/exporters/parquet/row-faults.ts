import type { ExporterContext } from '../exporter.ts';
import { rejectRecord } from '../rejection.ts';
import type { EncoderAnswer } from './protocol.ts';

/** Tells of rows that could not be read, and of values that their columns could not hold: each counted, a field logged once. */
export class RowFaults {
  readonly #context: ExporterContext;
  readonly #warned = new Set<string>();

  constructor(context: ExporterContext) {
    this.#context = context;
  }

  /** @returns the dead letters of unreadable rows, each fulfilled when it is stored */
  report({ misfits, rejected }: EncoderAnswer): Promise<void>[] {
    const { name, logger, metrics } = this.#context;
    for (const { resource, field, type, count, sample } of misfits) {
      metrics.fieldErrors.inc({ stream: resource, field }, count);
      const key = `${resource}/${field}`;
      if (this.#warned.has(key)) continue;
      this.#warned.add(key);
      const found = { exporter: name, resource, field, type, sample };
      logger.warn(found, 'a value does not fit the type of its column and is left out; declare the type of the field');
    }
    const letters: Promise<void>[] = [];
    for (const { key, id, message, payload } of rejected) {
      const reason = `its row cannot be read: ${message}`;
      const letter = rejectRecord(this.#context, { key, id, payload }, 'RECORD_REJECTED', reason);
      if (letter !== undefined) letters.push(letter);
    }
    return letters;
  }
}
