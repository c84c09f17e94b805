import type { FieldColumn } from '../model/field-type.ts';
import type { Position } from '../model/position.ts';
import type { Stream } from '../model/resource.ts';
import type { WorkResult } from '../transform/work.ts';
import type { Outlet } from './outlet.ts';
import type { StreamRunContext } from './stream-run-context.ts';

/** The ways to the exporters, for what one stream has for them. */
export class StreamOutlets {
  readonly #stream: Stream;
  readonly #fields: readonly FieldColumn[];
  readonly #all: readonly Outlet[];
  readonly #table: StreamRunContext['table'];

  constructor(stream: Stream, fields: readonly FieldColumn[], context: Pick<StreamRunContext, 'outlets' | 'table'>) {
    this.#stream = stream;
    this.#fields = fields;
    this.#all = context.outlets;
    this.#table = context.table;
  }

  /** An incarnation begins: what was written for the one before is void. */
  open(incarnation: number, position: Position | undefined): void {
    for (const outlet of this.#all) outlet.open(this.#stream, incarnation, position, this.#fields);
  }

  /** Those that something of this result is for. */
  takers({ lanes }: WorkResult): Outlet[] {
    return this.#all.filter((outlet) => lanes[outlet.lane] != null);
  }

  write(takers: readonly Outlet[], incarnation: number, sequence: number, { lanes, records }: WorkResult): void {
    for (const outlet of takers) {
      const lane = lanes[outlet.lane] as ArrayBuffer;
      outlet.write({ stream: this.#stream, incarnation, sequence, table: this.#table, lane, records });
    }
  }

  /** Those that write files close theirs, all after the same batch. */
  cut(sequence: number): void {
    for (const outlet of this.#all) if (outlet.cuts) outlet.exporter.cut(this.#stream.id, sequence);
  }

  committed(position: Position, sequence: number): void {
    for (const outlet of this.#all) {
      if (outlet.cuts) outlet.exporter.committed(this.#stream.id, position);
      else outlet.committed(this.#stream.id, sequence);
    }
  }
}
