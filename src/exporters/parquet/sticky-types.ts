import { FIELD_TYPES, type FieldType } from '../../model/field-type.ts';
import { readJson } from './json-file.ts';
import type { Persistence } from './persistence.ts';
import type { FieldTypes } from './protocol.ts';
import { schemaKey, type Table } from './request.ts';

/** The column types of one resource in one table, kept beside its files so that no two of them differ in a type. */
export class StickyTypes {
  readonly table: Table;
  readonly resource: string;
  readonly #key: string;
  readonly #persistence: Persistence;
  #types: Record<string, FieldType> = {};
  #stored = 0;
  #saving: Promise<void> = Promise.resolve();
  /** Undefined until they have been read. */
  #loading: Promise<void> | undefined;
  loaded = false;
  /** Whether the encoder thread knows them. */
  sent = false;

  constructor(table: Table, resource: string, folder: string, persistence: Persistence) {
    this.table = table;
    this.resource = resource;
    this.#key = schemaKey(folder);
    this.#persistence = persistence;
  }

  get types(): FieldTypes {
    return this.#types;
  }

  /** Reads them once. */
  async load(signal: AbortSignal): Promise<void> {
    this.#loading ??= this.#load(signal);
    await this.#loading;
  }

  /** Takes over what the encoder has settled. */
  grow(types: FieldTypes): void {
    this.#types = { ...types, ...this.#types };
  }

  /**
   * Stores them if they have grown; must be done before a file is stored that has them.
   * @param signal of the exporter, not of a stream: one that gave up would leave the others without
   */
  async save(signal: AbortSignal): Promise<void> {
    // One behind the other, so that an older set of types never replaces a newer one.
    const save = async (): Promise<void> => {
      const count = Object.keys(this.#types).length;
      if (count === this.#stored) return;
      const bytes = Buffer.from(JSON.stringify({ version: 1, fields: this.#types }));
      await this.#persistence.until((store) => store.put(this.#key, bytes), signal);
      this.#stored = count;
    };
    this.#saving = this.#saving.then(save);
    await this.#saving;
  }

  async #load(signal: AbortSignal): Promise<void> {
    this.#types = await this.#persistence.until(
      async (store) => readTypes(this.#key, await store.get(this.#key)),
      signal,
    );
    this.#stored = Object.keys(this.#types).length;
    this.loaded = true;
  }
}

function readTypes(key: string, bytes: Uint8Array | undefined): Record<string, FieldType> {
  const types: Record<string, FieldType> = {};
  const { fields = {} } = readJson<{ fields?: Record<string, unknown> }>(key, bytes) ?? {};
  for (const [name, type] of Object.entries(fields)) {
    if ((FIELD_TYPES as readonly unknown[]).includes(type)) types[name] = type as FieldType;
  }
  return types;
}
