import type { ByteWriter } from '../model/byte-writer.ts';
import type { ChangeRecord, DetectedBy, FieldValue, Operation } from '../model/record.ts';
import type { DeliveredObject } from './delivered-object.ts';
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
  fieldsRow: Uint8Array | undefined;
  writeObject: ((out: ByteWriter) => void) | undefined;
  patch: Uint8Array | undefined;
  previous: Uint8Array | undefined;
  plain: PlainIdentity | undefined;
  readonly #plain = new PlainIdentity();
  readonly #idOf: (reader: ObjectReader, version: string) => string;
  readonly #delivered: DeliveredObject;
  readonly #write = (out: ByteWriter): void => {
    if (this.#reader !== undefined) this.#delivered.write(this.#reader, out);
  };
  #reader: ObjectReader | undefined;
  #id: string | undefined;
  #object: Uint8Array | undefined;

  /** @param idOf of what has been read */
  constructor(delivered: DeliveredObject, idOf: (reader: ObjectReader, version: string) => string) {
    this.#delivered = delivered;
    this.#idOf = idOf;
  }

  /** @param plainId whether its id is `<uid>:<resourceVersion>`, or `<uid>:deleted`, where it has a uid */
  of(reader: ObjectReader, plainId: boolean): void {
    this.#reader = reader;
    this.#id = undefined;
    this.plain = plainId && this.#plain.read(reader, this.observedAt) ? this.#plain : undefined;
  }

  /** @param object as it is delivered; undefined where it is not, or is the one of the reader and not made yet */
  deliver(object: Uint8Array | undefined, ofReader: boolean): void {
    this.#object = object;
    this.writeObject = ofReader ? this.#write : undefined;
  }

  get object(): Uint8Array | undefined {
    if (this.#object === undefined && this.writeObject !== undefined && this.#reader !== undefined)
      this.#object = this.#delivered.object(this.#reader);
    return this.#object;
  }

  get id(): string {
    this.#id ??=
      this.#reader === undefined
        ? ''
        : this.#idOf(this.#reader, this.operation === 'DELETED' ? 'deleted' : this.resourceVersion);
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
