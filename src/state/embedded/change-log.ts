import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { splitDelta } from '../../model/delta.ts';
import { Fold } from './fold.ts';
import type { KnownChunk } from './protocol.ts';

export const CHANGES_TABLE =
  'CREATE TABLE IF NOT EXISTS changes (number INTEGER PRIMARY KEY, stream INTEGER NOT NULL, delta BLOB NOT NULL) STRICT;';

interface Folding {
  /** The log is folded when it has grown to this, and to as much as what it is folded into. */
  readonly leastBytes: number;
  /** Rows that are folded at once. */
  readonly slice: number;
  /** Memory of a fold: so many bytes, or a twelfth of the log where that is more. */
  readonly part: number;
}

/** A delta that is larger is logged in pieces. */
const READ_BYTES = 2 ** 19;

/** A slice takes about 50 ms. */
const FOLDING: Folding = { leastBytes: 32 * 2 ** 20, slice: 20_000, part: 8 * 2 ** 20 };

/**
 * Changes of known objects that are not in the table `known` yet, as the deltas that they came in. What is known is that
 * table with these on top of it, in their order.
 *
 * A row a change would have SQLite write a page of 4 KiB for each, twice, as keys come in no order: 9.5 µs of CPU a change at
 * full load, against 2.8 µs (20,000 objects). A delta here is written behind the one before. Folding takes many of them at
 * once: of each key only the last value, and in the order of the keys, so that a page is written once for all of its rows.
 *
 * A fold is done in slices, with room for commits between them. Each writes values that stand in the log until all are
 * written, so that a crash between two of them changes nothing.
 */
export class ChangeLog {
  readonly #database: DatabaseSync;
  readonly #folding: Folding;
  readonly #statements: Record<'append' | 'last' | 'readStream' | 'drop', StatementSync>;
  /** Streams that are being read. */
  readonly #readers = new Set<number>();
  #bytes: number;
  #fold: Fold | undefined;
  /** Of the log when the fold began. */
  #foldBytes = 0;

  constructor(database: DatabaseSync, folding = FOLDING) {
    this.#database = database;
    this.#folding = folding;
    this.#statements = {
      append: database.prepare('INSERT INTO changes (stream, delta) VALUES (?, ?)'),
      last: database.prepare('SELECT max(number) AS number FROM changes'),
      readStream: database.prepare('SELECT number, delta FROM changes WHERE stream = ? AND number > ? ORDER BY number'),
      drop: database.prepare('DELETE FROM changes WHERE number <= ?'),
    };
    this.#bytes = this.#measure();
  }

  /** In a transaction. */
  append(stream: number, delta: Uint8Array): void {
    for (const piece of splitDelta(delta, READ_BYTES)) this.#statements.append.run(stream, piece);
    this.#bytes += delta.length;
  }

  /** Until its last change is read nothing is folded, as that takes away what is still to be read. */
  beginRead(stream: number): void {
    this.#readers.add(stream);
  }

  /** The stream's changes behind this one, of about 1 MiB. */
  read(stream: number, change: number): KnownChunk {
    const deltas: Uint8Array[] = [];
    let size = 0;
    for (const row of this.#statements.readStream.iterate(stream, change)) {
      deltas.push(row.delta as Uint8Array);
      size += (row.delta as Uint8Array).length;
      change = Number(row.number);
      if (size < READ_BYTES) continue;
      return { packed: joined(deltas, size), after: { change } };
    }
    this.#readers.delete(stream);
    return { packed: joined(deltas, size), after: undefined };
  }

  get foldIsDue(): boolean {
    if (this.#readers.size > 0) return false;
    if (this.#fold !== undefined) return true;
    return this.#bytes >= this.#folding.leastBytes && this.#bytes >= this.#pageBytes() / 2;
  }

  /** In a transaction: a part of what there is to fold, where it is time. */
  foldSome(): void {
    if (!this.foldIsDue) return;
    this.#fold ??= this.#begin();
    if (!this.#fold.step(this.#folding.slice)) return;
    this.#statements.drop.run(this.#fold.upTo);
    this.#bytes -= this.#foldBytes;
    this.#fold = undefined;
  }

  /** In a transaction: the stream's changes are void. */
  forget(stream: number): void {
    this.#readers.delete(stream);
    this.#abandon();
    this.#database.prepare('DELETE FROM changes WHERE stream = ?').run(stream);
    this.#bytes = this.#measure();
  }

  /** The transaction came to nothing. */
  rolledBack(): void {
    this.#abandon();
    this.#bytes = this.#measure();
  }

  #begin(): Fold {
    this.#foldBytes = this.#bytes;
    const upTo = Number(this.#statements.last.get()?.number ?? 0);
    return new Fold(this.#database, upTo, Math.max(this.#folding.part, Math.ceil(this.#bytes / 12)));
  }

  #abandon(): void {
    this.#fold?.abandon();
    this.#fold = undefined;
  }

  #measure(): number {
    return Number(this.#database.prepare('SELECT sum(length(delta)) AS bytes FROM changes').get()?.bytes ?? 0);
  }

  /** Of the file: about what is known and what is in the log. */
  #pageBytes(): number {
    const of = (pragma: string): number => Number(this.#database.prepare(`PRAGMA ${pragma}`).get()?.[pragma] ?? 0);
    return of('page_count') * of('page_size');
  }
}

/** In a buffer of its own, which can be moved to another thread. */
function joined(deltas: readonly Uint8Array[], size: number): ArrayBuffer {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const delta of deltas) {
    bytes.set(delta, at);
    at += delta.length;
  }
  return bytes.buffer;
}
