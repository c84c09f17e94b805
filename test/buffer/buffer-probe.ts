import { DiskBuffer, type DiskBufferOptions } from '../../src/buffer/disk-buffer.ts';
import type { BufferStorage } from '../../src/buffer/storage.ts';
import type { WatershardError } from '../../src/model/errors.ts';
import { until } from '../support/until.ts';

/** A buffer with a reader that can be held up, and what it has told. */
export class BufferProbe {
  readonly taken: string[] = [];
  readonly lost: { records: number; reason: string }[] = [];
  readonly troubles: (WatershardError | undefined)[] = [];
  damaged = 0;
  /** Handed out, in order. */
  readonly given: { number: number; text: string }[] = [];
  buffer!: DiskBuffer<string>;
  /** Batches that are handed out and not acknowledged; more are not asked for. */
  window: number;
  #inFlight = 0;

  private constructor(window: number) {
    this.window = window;
  }

  static async open(
    storage: BufferStorage,
    options: Partial<DiskBufferOptions> = {},
    window = Number.POSITIVE_INFINITY,
  ): Promise<BufferProbe> {
    const probe = new BufferProbe(window);
    const all = {
      name: 'e',
      bytes: 2 ** 20,
      segmentBytes: 2 ** 16,
      overflow: 'drop-newest',
      fingerprint: 'f',
    } as const;
    probe.buffer = await DiskBuffer.open<string>(
      storage,
      { ...all, cursorInterval: 1, ...options },
      {
        taken: (tag) => probe.taken.push(tag),
        readable: () => probe.read(),
        lost: (records, reason) => probe.lost.push({ records, reason }),
        damaged: (bytes) => {
          probe.damaged += bytes;
        },
        trouble: (error) => probe.troubles.push(error),
      },
    );
    return probe;
  }

  /** One record: the text, padded. */
  append(text: string, padding = 0): void {
    this.buffer.append({ records: 1, head: Buffer.from(text), body: Buffer.alloc(padding, 'x') }, text);
    this.read();
  }

  read(): void {
    while (this.#inFlight < this.window) {
      const frame = this.buffer.next();
      if (frame === undefined) return;
      this.#inFlight++;
      this.given.push({ number: frame.number, text: Buffer.from(frame.head).toString() });
    }
  }

  /** Acknowledges what was given first. */
  ack(count = 1): void {
    for (const { number } of this.given.splice(0, count)) {
      this.#inFlight--;
      this.buffer.ack(number);
    }
    this.read();
  }

  /** Takes everything, acknowledging as it goes. */
  async readAll(): Promise<string[]> {
    const seen: string[] = [];
    this.window = Number.POSITIVE_INFINITY;
    this.read();
    await until(
      () => `${this.buffer.records} records are left`,
      () => {
        seen.push(...this.given.map((g) => g.text));
        this.ack(this.given.length);
        return this.buffer.records === 0;
      },
      10,
    );
    return seen;
  }

  get lostRecords(): number {
    return this.lost.reduce((sum, l) => sum + l.records, 0);
  }
}
