import { ParquetEncoder } from '../../../src/exporters/parquet/encoder.ts';
import type { EncoderAnswer, EncoderTask } from '../../../src/exporters/parquet/protocol.ts';
import { type TestRow, testLane } from './rows.ts';

type Append = EncoderTask & { readonly type: 'append' };

const context = { cluster: 'demo', group: '', version: 'v1', kind: 'Pod', resource: 'pods' };

/** An encoder and the files of one stream in it. */
export class Encoding {
  readonly encoder: ParquetEncoder;
  readonly #stream: string;
  #batches = 0;

  constructor(encoder: ParquetEncoder | number | undefined = undefined, stream = 'pods') {
    this.encoder = encoder instanceof ParquetEncoder ? encoder : new ParquetEncoder(encoder);
    this.#stream = stream;
  }

  append(rows: readonly TestRow[], more: Partial<Append> = {}): EncoderAnswer {
    this.#batches++;
    return this.encoder.run({
      type: 'append',
      stream: this.#stream,
      incarnation: 1,
      table: 'changes',
      resource: 'pods',
      context,
      fields: undefined,
      inventoryObjects: false,
      lane: testLane(rows),
      ...more,
    });
  }

  cut(incarnation = 1): EncoderAnswer {
    const batches = this.#batches;
    this.#batches = 0;
    return this.encoder.run({ type: 'cut', stream: this.#stream, incarnation, batches });
  }
}
