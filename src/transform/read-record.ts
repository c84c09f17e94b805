import type { ChangeRecord, DetectedBy, FieldValue, Operation } from '../model/record.ts';
import type { ObjectReader } from './object-reader.ts';
import { PlainIdentity } from './plain-identity.ts';

/**
 * The record of the object that was read last. Used again for each; its identity becomes texts only for encoders that ask
 * for them.
 */
export class ReadRecord implements ChangeRecord {
  operation: Operation = 'UPDATED';
  detectedBy: DetectedBy = 'WATCH';
  observedAt = 0;
  labels: Uint8Array | undefined;
  fields: Readonly<Record<string, FieldValue>> | undefined;
  fieldsJson: Uint8Array | undefined;
  object: Uint8Array | undefined;
  patch: Uint8Array | undefined;
  previous: Uint8Array | undefined;
  plain: PlainIdentity | undefined;
  readonly #plain = new PlainIdentity();
  readonly #idOf: (reader: ObjectReader) => string;
  #reader: ObjectReader | undefined;
  #id: string | undefined;

  /** @param idOf of what has been read */
  constructor(idOf: (reader: ObjectReader) => string) {
    this.#idOf = idOf;
  }

  /** @param plainId whether its id is `<uid>:<resourceVersion>` where it has a uid */
  of(reader: ObjectReader, plainId: boolean): void {
    this.#reader = reader;
    this.#id = undefined;
    this.plain = plainId && this.#plain.read(reader, this.observedAt) ? this.#plain : undefined;
  }

  get id(): string {
    this.#id ??= this.#reader === undefined ? '' : this.#idOf(this.#reader);
    return this.#id;
  }

  get namespace(): string {
    return this.#reader?.namespace ?? '';
  }

  get name(): string {
    return this.#reader?.name ?? '';
  }

  get uid(): string {
    return this.#reader?.uid ?? '';
  }

  get resourceVersion(): string {
    return this.#reader?.resourceVersion ?? '';
  }
}
