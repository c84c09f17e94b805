import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { release } from '../../model/release.ts';
import { FoldPart } from './fold-part.ts';

/** What of the log one step reads, which takes about 150 ms. */
const READ_BYTES = 32 * 2 ** 20;

/**
 * The log up to a row, on its way into the table `known`, in the order of the keys. Each part of it (fold-part.ts) is a read of the
 * whole log: with twelve of them a change costs about a microsecond more than with one, and takes a twelfth of the memory.
 */
export class Fold {
  readonly upTo: number;
  readonly #statements: Record<'read' | 'put' | 'remove', StatementSync>;
  readonly #part: FoldPart;
  /** The last row of the log that the part has been given; undefined once that was all. */
  #read: number | undefined = 0;

  /** @param room bytes of a part */
  constructor(database: DatabaseSync, upTo: number, room: number) {
    this.upTo = upTo;
    this.#statements = {
      read: database.prepare(
        'SELECT number, stream, delta FROM changes WHERE number > ? AND number <= ? ORDER BY number',
      ),
      put: database.prepare('INSERT OR REPLACE INTO known (stream, key, value) VALUES (?, ?, ?)'),
      remove: database.prepare('DELETE FROM known WHERE stream = ? AND key = ?'),
    };
    this.#part = new FoldPart(room);
  }

  /** In a transaction. @param rows to be written at most @returns whether everything is written */
  step(rows: number): boolean {
    let bytes = READ_BYTES;
    for (let left = rows; left > 0; ) {
      if (this.#read !== undefined) bytes -= this.#gather(bytes);
      if (this.#read !== undefined) return false;
      const row = this.#part.take();
      if (row === undefined) {
        if (!this.#part.next()) {
          this.#part.leave();
          return true;
        }
        this.#read = 0;
        continue;
      }
      if (row.value === undefined) this.#statements.remove.run(row.stream, row.key);
      else this.#statements.put.run(row.stream, row.key, row.value);
      left--;
    }
    return false;
  }

  /** Gives its memory back. What it has written is in the log still. */
  abandon(): void {
    this.#part.leave();
  }

  /** @returns the bytes that were read, about as many as asked for */
  #gather(most: number): number {
    let bytes = 0;
    for (const row of this.#statements.read.iterate(this.#read ?? 0, this.upTo)) {
      if (bytes >= most) return bytes;
      const delta = row.delta as Uint8Array;
      this.#part.add(Number(row.stream), Buffer.from(delta.buffer, delta.byteOffset, delta.length));
      this.#read = Number(row.number);
      bytes += delta.length;
      release(delta.buffer); // V8 would leave it for as long as there is little else
    }
    this.#part.finish();
    this.#read = undefined;
    return bytes;
  }
}
