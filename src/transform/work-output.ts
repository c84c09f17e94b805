import { createHash } from 'node:crypto';
import { DeltaWriter } from '../model/delta.ts';
import type { ErrorCode } from '../model/errors.ts';
import { LaneWriter } from '../model/lane.ts';
import type { ChangeRecord } from '../model/record.ts';
import type { RecordEncoder } from './encode.ts';
import type { Failure, Suppression, WorkResult } from './work.ts';

const EMPTY = Buffer.alloc(0);
/** Of one failure in one piece of work; what comes then is told of together, as ''. */
const MAX_CONTENTS = 100;

/** Collects what one piece of work produces; empty again after `finish`. */
export class WorkOutput {
  readonly delta = new DeltaWriter();
  seen = 0;
  records = 0;
  readonly #encoders: readonly RecordEncoder[];
  readonly #lanes: readonly LaneWriter[];
  #suppressed: Record<Suppression, number> = noneSuppressed();
  /** By all that they say: at most one an object, and a few of what has no key. */
  #failures = new Map<string, Failure & { count: number; contents?: string[] }>();
  #text: Buffer = EMPTY;
  #start = 0;
  #end = 0;
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

  /** The text that a failure without a key is about, from now on. */
  reading(text: Buffer, start: number, end: number): void {
    this.#text = text;
    this.#start = start;
    this.#end = end;
  }

  fail(code: ErrorCode, key: string, message: string): void {
    const said = `${code}\n${key}\n${message}`;
    let failure = this.#failures.get(said);
    if (failure === undefined) {
      failure = key === '' ? { code, key, message, count: 0, contents: [] } : { code, key, message, count: 0 };
      this.#failures.set(said, failure);
    }
    failure.count++;
    const { contents } = failure;
    if (contents === undefined || contents.length > MAX_CONTENTS) return;
    const content = contents.length === MAX_CONTENTS ? '' : this.#contentHash();
    if (!contents.includes(content)) contents.push(content);
  }

  #contentHash(): string {
    return createHash('sha256').update(this.#text.subarray(this.#start, this.#end)).digest('hex').slice(0, 32);
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
    this.reading(EMPTY, 0, 0);
    this.#suppressed = noneSuppressed();
    this.#failures = new Map();
    this.#fieldErrors = new Map();
    return result;
  }
}

function noneSuppressed(): Record<Suppression, number> {
  return { unchanged: 0, 'ignored-change': 0, stale: 0, 'other-split': 0, 'other-shard': 0 };
}
