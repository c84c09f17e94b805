import type { ServerResponse } from 'node:http';
import type { Served } from './cluster.ts';
import type { Selection } from './selectors.ts';
import type { ShardSelection } from './shard-selector.ts';
import { readSnapshot, type Snapshot } from './table.ts';
import { nameOf, type Template, writeObject } from './template.ts';
import type { Moment } from './template-fields.ts';

/** Bytes that are rendered and written at a time: what one response holds beyond the socket's own buffer. */
const CHUNK = 256 * 1024;
const spare: Buffer[] = [];

export function emptyMoment(): Moment {
  return { salt: 0, slot: 0, serial: 0, changes: 0, beats: 0, resourceVersion: 0 };
}

/** What a client asked to see of a resource. */
export interface View {
  readonly served: Served;
  readonly selection: Selection;
  readonly metadataOnly: boolean;
  readonly shard?: ShardSelection | undefined;
}

/** Collects rendered bytes and writes them in large pieces. */
export class BodyWriter {
  readonly #response: ServerResponse;
  #buffer: Buffer | undefined;
  #length = 0;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  get full(): boolean {
    return this.#length > CHUNK - 32_768;
  }

  text(text: string): void {
    this.#length += this.#room(text.length * 3).write(text, this.#length);
  }

  /** A template's object from offset `start` on, between two texts. */
  object(before: Buffer, t: Template, start: number, moment: Moment, after: Buffer): void {
    const buffer = this.#room(before.length + t.bytes.length + after.length);
    // byte by byte: for a few bytes a call out of JavaScript costs more
    for (let i = 0; i < before.length; i++) buffer[this.#length + i] = before[i]!;
    const end = writeObject(t, start, moment, buffer, this.#length + before.length);
    for (let i = 0; i < after.length; i++) buffer[end + i] = after[i]!;
    this.#length = end + after.length;
  }

  /** @returns undefined where the client does not see the object, else its template */
  select(view: View, moment: Moment): Template | undefined {
    const template = view.served.template(moment, view.metadataOnly);
    if (!view.selection.template(template)) return undefined;
    if (view.selection.name !== undefined && !view.selection.name(nameOf(template, moment))) return undefined;
    if (view.shard !== undefined && !view.shard.has(template, moment)) return undefined;
    return template;
  }

  /** Hands what was collected to the socket. @returns false where the reader is behind: wait for `drain` */
  flush(): boolean {
    const buffer = this.#buffer;
    if (buffer === undefined || this.#length === 0) return !this.#response.writableNeedDrain;
    const piece = buffer.subarray(0, this.#length);
    this.#buffer = undefined;
    this.#length = 0;
    return this.#response.write(piece, () => {
      if (spare.length < 16 && buffer.length === CHUNK) spare.push(buffer);
    });
  }

  /** Waits until the reader has caught up. @returns false where it has gone */
  async drained(): Promise<boolean> {
    const response = this.#response;
    if (response.destroyed) return false;
    if (response.writableNeedDrain) {
      await new Promise<void>((resolve) => {
        const go = (): void => {
          response.off('drain', go).off('close', go);
          resolve();
        };
        response.on('drain', go).on('close', go);
      });
    }
    return !this.#response.destroyed;
  }

  #room(bytes: number): Buffer {
    if (this.#buffer !== undefined && this.#length + bytes <= this.#buffer.length) return this.#buffer;
    if (this.#length > 0) this.flush();
    this.#buffer = bytes > CHUNK ? Buffer.allocUnsafeSlow(bytes) : (spare.pop() ?? Buffer.allocUnsafeSlow(CHUNK));
    return this.#buffer;
  }
}

/**
 * Goes through a snapshot from a slot on and calls `each` for what the client sees, waiting for slow readers.
 * @returns false where the reader has gone
 */
export async function writeSnapshot(
  w: BodyWriter,
  view: View,
  s: Snapshot,
  from: number,
  each: (t: Template, m: Moment) => void,
): Promise<boolean> {
  const moment = emptyMoment();
  for (let slot = from; slot < s.slots; slot++) {
    if (!readSnapshot(s, slot, view.served.table.salt, moment)) continue;
    const template = w.select(view, moment);
    if (template === undefined) continue;
    each(template, moment);
    if (w.full && !w.flush() && !(await w.drained())) return false;
  }
  return true;
}
