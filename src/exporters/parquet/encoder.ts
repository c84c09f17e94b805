import { errorMessage, WatershardError } from '../../model/errors.ts';
import { fieldsToJson } from '../../model/field-json.ts';
import type { FieldType } from '../../model/field-type.ts';
import { LaneReader } from '../../model/lane.ts';
import type { Operation } from '../../model/record.ts';
import { OpenFile } from './open-file.ts';
import type { EncodedFile, EncoderAnswer, EncoderTask, Misfits, RejectedRow } from './protocol.ts';
import { dateOfDay, dayOf, type Table } from './request.ts';
import { TableRow } from './table-row.ts';

const ROW_GROUP_BYTES = 8 * 2 ** 20;
const SAMPLE_LENGTH = 100;

interface OpenStream {
  readonly incarnation: number;
  /** By table and UTC day. */
  readonly files: Map<string, { readonly table: Table; readonly day: number; readonly file: OpenFile }>;
  batches: number;
  rows: number;
  held: number;
}

interface ResourceTypes {
  readonly table: Table;
  readonly resource: string;
  readonly types: Map<string, FieldType>;
  /** How many of the types the other side knows of. */
  told: number;
}

/** The open files of one Parquet exporter: what its thread holds. Runs in any thread; takes one task at a time. */
export class ParquetEncoder {
  readonly #rowGroupBytes: number;
  readonly #streams = new Map<string, OpenStream>();
  readonly #types = new Map<string, ResourceTypes>();
  readonly #row = new TableRow();
  #held = 0;
  #rejected: RejectedRow[] = [];
  #misfits = new Map<string, { -readonly [K in keyof Misfits]: Misfits[K] }>();

  constructor(rowGroupBytes = ROW_GROUP_BYTES) {
    this.#rowGroupBytes = rowGroupBytes;
  }

  run(task: EncoderTask): EncoderAnswer {
    switch (task.type) {
      case 'types': {
        const known = this.#typesOf(task.table, task.resource);
        for (const [name, type] of Object.entries(task.types)) known.types.set(name, type);
        known.told = known.types.size;
        return this.#answer(undefined);
      }
      case 'append':
        return this.#answer(this.#append(task));
      case 'cut':
        return this.#cut(task.stream, task.incarnation, task.batches);
      case 'discard':
        this.#discard(task.stream, task.incarnation);
        return this.#answer(undefined);
    }
  }

  #append(task: EncoderTask & { readonly type: 'append' }): OpenStream | undefined {
    const stream = this.#stream(task.stream, task.incarnation);
    if (stream === undefined) return undefined;
    stream.batches++;
    const lane = new LaneReader(task.lane);
    const row = this.#row;
    const rows = stream.rows;
    for (let i = 0; i < lane.count; i++) {
      if (task.table === 'inventory' && !isAlive(lane.operation(i))) continue;
      const start = lane.payloadStart(i);
      const end = start + lane.payloadLength(i);
      try {
        row.set(lane.frames, start, end);
      } catch (e) {
        const { key, id, payload } = lane.at(i);
        this.#rejected.push({ key, id, message: errorMessage(e), payload: payload.slice() });
        continue;
      }
      this.#file(stream, task, row.observedAt).append(row, end - start);
      stream.rows++;
    }
    if (stream.rows > rows) {
      let held = 0;
      for (const { file } of stream.files.values()) held += file.held;
      this.#held += held - stream.held;
      stream.held = held;
    }
    return stream;
  }

  /** The stream's files; undefined where a newer incarnation has begun. */
  #stream(id: string, incarnation: number): OpenStream | undefined {
    this.#discard(id, incarnation);
    let stream = this.#streams.get(id);
    if (stream === undefined) {
      stream = { incarnation, files: new Map(), batches: 0, rows: 0, held: 0 };
      this.#streams.set(id, stream);
    }
    return stream.incarnation === incarnation ? stream : undefined;
  }

  #discard(id: string, incarnation: number): void {
    const stream = this.#streams.get(id);
    if (stream === undefined || stream.incarnation >= incarnation) return;
    this.#held -= stream.held;
    this.#streams.delete(id);
  }

  #file(stream: OpenStream, task: EncoderTask & { readonly type: 'append' }, observedAt: number): OpenFile {
    const { table, resource, context, fields } = task;
    const day = dayOf(observedAt);
    // Rows of one inventory are as of one moment: each moment has its own file.
    const key = table === 'inventory' ? `inventory/${observedAt}` : `changes/${day}`;
    let open = stream.files.get(key);
    if (open === undefined) {
      const file = new OpenFile(
        {
          table,
          context,
          fields,
          inventoryObjects: task.inventoryObjects,
          rowGroupBytes: this.#rowGroupBytes,
          types: this.#typesOf(table, resource).types,
          onMisfit: (field, type, value) => {
            const name = JSON.stringify([table, resource, field]);
            const misfit = this.#misfits.get(name);
            if (misfit !== undefined) misfit.count++;
            else {
              const sample = fieldsToJson({ [field]: value }).slice(0, SAMPLE_LENGTH);
              this.#misfits.set(name, { table, resource, field, type, count: 1, sample });
            }
          },
        },
        observedAt,
      );
      open = { table, day, file };
      stream.files.set(key, open);
    }
    return open.file;
  }

  #typesOf(table: Table, resource: string): ResourceTypes {
    const key = `${table}/${resource}`;
    let known = this.#types.get(key);
    if (known === undefined) {
      known = { table, resource, types: new Map(), told: 0 };
      this.#types.set(key, known);
    }
    return known;
  }

  #cut(id: string, incarnation: number, batches: number): EncoderAnswer {
    const stream = this.#streams.get(id);
    if (stream !== undefined && stream.incarnation > incarnation) return this.#answer(undefined);
    const have = stream?.incarnation === incarnation ? stream.batches : 0;
    if (have !== batches) {
      throw new WatershardError('INTERNAL', `${id} was cut after ${batches} batches, and the encoder has ${have}`);
    }
    if (stream === undefined) return this.#answer(undefined);
    this.#streams.delete(id);
    this.#held -= stream.held;
    const files: EncodedFile[] = [];
    for (const { table, day, file } of stream.files.values()) {
      const asOf = table === 'inventory' ? file.firstObservedAt : undefined;
      for (const [part, { bytes, rows }] of file.finish().entries()) {
        files.push({ table, date: dateOfDay(day), part, asOf, rows, bytes });
      }
    }
    return this.#answer(undefined, files);
  }

  #answer(stream: OpenStream | undefined, files: readonly EncodedFile[] = []): EncoderAnswer {
    const types: EncoderAnswer['types'][number][] = [];
    for (const known of this.#types.values()) {
      if (known.types.size === known.told) continue;
      known.told = known.types.size;
      types.push({ table: known.table, resource: known.resource, types: Object.fromEntries(known.types) });
    }
    const rejected = this.#rejected;
    const misfits = [...this.#misfits.values()];
    if (rejected.length > 0) this.#rejected = [];
    if (misfits.length > 0) this.#misfits = new Map();
    return {
      held: this.#held,
      streamHeld: stream?.held ?? 0,
      streamRows: stream?.rows ?? 0,
      rejected,
      misfits,
      types,
      files,
    };
  }
}

/** A marker or a delete is no living object. */
function isAlive(operation: Operation): boolean {
  return operation !== 'DELETED' && operation !== 'GAP';
}

/** The buffers of an answer that are moved to the other thread. */
export function answerBuffers(answer: EncoderAnswer): ArrayBuffer[] {
  return answer.files.map((file) => file.bytes);
}
