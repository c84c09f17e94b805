import type { ObjectKey } from '../model/object-key.ts';
import type { Quarantine, QuarantinedObject } from '../model/quarantine.ts';
import { textId, type WorkTrace } from '../model/work-trace.ts';
import { type Fingerprint, fingerprint } from './fingerprint.ts';
import { RESOURCE_VERSION } from './object-paths.ts';
import type { ObjectReader } from './object-reader.ts';

/** Notes what is being processed, and knows what must not be: it has ended a thread before. */
export class SetAside {
  readonly #trace: WorkTrace | undefined;
  readonly #objects: ReadonlyMap<string, QuarantinedObject>;
  readonly #texts: ReadonlySet<string>;
  readonly careful: boolean;
  #words = new Int32Array(1024);
  #bytes = new Uint8Array(this.#words.buffer);
  readonly #print: Fingerprint = { low: 0, high: 0 };

  constructor(trace: WorkTrace | undefined, quarantine: Quarantine | undefined) {
    this.#trace = trace;
    this.#objects = new Map((quarantine?.objects ?? []).map((o) => [o.key, o]));
    this.#texts = new Set(quarantine?.texts);
    this.careful = quarantine?.careful === true;
  }

  reading(): void {
    this.#trace?.reading();
  }

  /** No more object is being processed. */
  behind(): void {
    this.#trace?.behind();
  }

  /** Whether this text is set aside. Only where `careful` says so: it costs a pass over the text. */
  text(b: Buffer, start: number, end: number): boolean {
    const length = end - start;
    if (length + 3 > this.#bytes.length) {
      this.#words = new Int32Array((length + 3) >> 1);
      this.#bytes = new Uint8Array(this.#words.buffer);
    }
    this.#bytes.set(b.subarray(start, end));
    fingerprint(this.#words, this.#bytes, length, this.#print);
    this.#trace?.text(this.#print.low, this.#print.high);
    return this.#texts.size > 0 && this.#texts.has(textId(this.#print.low, this.#print.high));
  }

  /** Whether this version of the object is set aside. */
  object(key: ObjectKey, { bytes, scan }: ObjectReader, observedAt: number): boolean {
    // As it is written between the quotes: it is compared with nothing else.
    const start = scan.start(RESOURCE_VERSION) + 1;
    const end = scan.end(RESOURCE_VERSION) - 1;
    this.#trace?.object(key, bytes, start, end);
    if (this.#objects.size === 0) return false;
    const found = this.#objects.get(key.text);
    if (found === undefined) return false;
    const resourceVersion = start > 0 && end > start ? bytes.toString('utf8', start, end) : '';
    return observedAt < found.until || found.resourceVersions.includes(resourceVersion);
  }

  /** Whether a delete of the object is to be made of what is known alone. */
  deleted(key: ObjectKey): boolean {
    this.#trace?.object(key, key.bytes, 0, 0);
    return this.#objects.size > 0 && this.#objects.has(key.text);
  }
}
