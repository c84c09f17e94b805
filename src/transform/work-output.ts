import { DeltaWriter } from '../model/delta.ts';
import type { ErrorCode } from '../model/errors.ts';
import { LaneWriter } from '../model/lane.ts';
import type { ChangeRecord } from '../model/record.ts';
import type { RecordEncoder } from './encode.ts';
import type { Failure, Suppression, WorkResult } from './work.ts';

/** Collects what one piece of work produces; empty again after `finish`. */
export class WorkOutput {
  readonly delta = new DeltaWriter();
  seen = 0;
  records = 0;
  readonly #encoders: readonly RecordEncoder[];
  readonly #lanes: readonly LaneWriter[];
  #suppressed: Record<Suppression, number> = noneSuppressed();
  /** By all that they say: at most one an object, and a few of what has no key. */
  #failures = new Map<string, Failure & { count: number }>();
  #fieldErrors = new Map<string, { field: string; count: number; sample: string }>();

  constructor(encoders: readonly RecordEncoder[]) {
    this.#encoders = encoders;
    this.#lanes = encoders.map(() => new LaneWriter());
  }

  record(record: ChangeRecord): void {
    for (let i = 0; i < this.#encoders.length; i++) {
      (this.#encoders[i] as RecordEncoder).append(record, this.#lanes[i] as LaneWriter);
    }
    this.records++;
  }

  /** Takes back records made since `records` was this: an object goes to every lane or to none. */
  rollback(records: number): void {
    for (const lane of this.#lanes) lane.rollback(records);
    this.records = records;
  }

  suppress(reason: Suppression): void {
    this.#suppressed[reason]++;
  }

  fail(code: ErrorCode, key: string, message: string): void {
    const said = `${code}\n${key}\n${message}`;
    const known = this.#failures.get(said);
    if (known === undefined) this.#failures.set(said, { code, key, message, count: 1 });
    else known.count++;
  }

  readonly fieldError = (field: string, message: string): void => {
    const known = this.#fieldErrors.get(field);
    if (known === undefined) this.#fieldErrors.set(field, { field, count: 1, sample: message });
    else known.count++;
  };

  finish(resourceVersion: string, knownObjects: number, knownBytes: number): WorkResult {
    const result: WorkResult = {
      resourceVersion,
      lanes: this.#lanes.map((lane) => (lane.count === 0 ? null : lane.finish())),
      delta: this.delta.finish(),
      records: this.records,
      seen: this.seen,
      suppressed: this.#suppressed,
      failures: [...this.#failures.values()],
      fieldErrors: [...this.#fieldErrors.values()],
      knownObjects,
      knownBytes,
    };
    this.seen = 0;
    this.records = 0;
    this.#suppressed = noneSuppressed();
    this.#failures = new Map();
    this.#fieldErrors = new Map();
    return result;
  }
}

function noneSuppressed(): Record<Suppression, number> {
  return { unchanged: 0, 'ignored-change': 0, stale: 0, 'other-split': 0 };
}
