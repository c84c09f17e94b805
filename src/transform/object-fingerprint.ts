import { fingerprintLoaded, isLoaded } from '../model/loaded-text.ts';
import { type Fingerprint, fingerprint, STRIPE } from './fingerprint.ts';
import type { ObjectReader } from './object-reader.ts';

/**
 * Fingerprint of an object without managedFields, resourceVersion and what the plan ignores, before redaction (a change of
 * a secret is a change). The hash does not depend on where the cuts were: it is that of what is left, as if put together.
 */
export class ObjectFingerprint {
  #bytes = new Uint8Array(0);
  #words = new Int32Array(this.#bytes.buffer);
  #length = 0;

  of(reader: ObjectReader, out: Fingerprint): void {
    const { bytes, end, lead, scan } = reader;
    const cuts = scan.ignored;
    // The opening brace is left out, so that a lead stands where it does in an object that has its own.
    if (isLoaded(bytes) && fingerprintLoaded(reader.start + 1, end, cuts, lead, out)) return;
    this.#reserve(end - reader.start + (lead?.length ?? 0) + STRIPE);
    this.#length = 0;
    if (lead !== undefined) this.#copy(lead, 0, lead.length);
    let at = reader.start + 1;
    for (let i = 0; i < cuts.length; i++) {
      if (cuts.end(i) <= at) continue;
      this.#copy(bytes, at, cuts.start(i));
      at = cuts.end(i);
    }
    this.#copy(bytes, at, end);
    fingerprint(this.#words, this.#bytes, this.#length, out);
  }

  #copy(from: Buffer, start: number, end: number): void {
    if (end <= start) return;
    from.copy(this.#bytes, this.#length, start, end);
    this.#length += end - start;
  }

  #reserve(need: number): void {
    if (need <= this.#bytes.length) return;
    this.#bytes = new Uint8Array((Math.max(need, this.#bytes.length * 2) + 3) & ~3);
    this.#words = new Int32Array(this.#bytes.buffer);
  }
}
