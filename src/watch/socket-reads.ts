import type { Socket } from 'node:net';
import { ChunkReader } from './chunk-reader.ts';

/** What libuv asks for at once. */
const READ_BYTES = 64 * 1024;

interface Reader extends Socket {
  read(size?: number): Buffer | null;
}

/** A way around the library (undici) for the body of the answer that a socket has begun with. */
export interface Diversion {
  /**
   * The body goes here, from its first chunk on, until something comes that is no plain chunk: that, and what follows, is the
   * library's again. So it knows nothing of the body but its end, or what is wrong with it.
   * @param data called with the bytes of each chunk; the next read lands in the same memory
   * @param over called when the rest is where the library reads it
   */
  begin(data: (bytes: Buffer) => void, over: () => void): void;
  /** What was read already still comes, and at most one read more, until `resume`. */
  pause(): void;
  resume(): void;
}

/** Of the socket whose bytes the library is reading at the moment. */
let atHand: (() => Diversion) | undefined;

/**
 * For an answer whose head is being told of. The library has to stop there, and give back what stands behind it.
 * @returns undefined where the bytes came another way
 */
export function diversion(): Diversion | undefined {
  return atHand?.();
}

/**
 * Options of `net.connect` and `tls.connect`: everything that is read lands in one buffer, and is with whoever listens before
 * the next read. Node's own way takes a buffer for each read, 64 KiB, which V8 counts late: at full load that was up to
 * 64 MiB of garbage, and a quarter of what reading costs.
 *
 * The listener (undici) takes it by `read()` while 'readable' is emitted; what it leaves or gives back is copied. Sockets share
 * the buffer, as libuv fills it in the call before the callback; not so on Windows, where a read is under way for long.
 */
export function socketReads(): { readonly onread?: object } {
  if (process.platform === 'win32') return {};
  const sockets = new WeakMap<Socket, SharedReads>();
  return {
    onread: {
      buffer: Buffer.allocUnsafeSlow(READ_BYTES),
      callback(this: Reader, count: number, bytes: Buffer): boolean {
        let reads = sockets.get(this);
        if (reads === undefined) {
          reads = new SharedReads(this);
          sockets.set(this, reads);
        }
        return reads.take(bytes.subarray(0, count));
      },
    },
  };
}

/** Where the reads of one socket go. */
class SharedReads {
  readonly #socket: Reader;
  readonly #read: Reader['read'];
  readonly #unshift: Reader['unshift'];
  /** What was read, until someone takes it. */
  #fresh: Buffer | null = null;
  #diverted: ((bytes: Buffer) => void) | undefined;
  #paused = false;

  constructor(socket: Reader) {
    this.#socket = socket;
    this.#read = socket.read;
    this.#unshift = socket.unshift;
    socket.read = (size) => {
      if (this.#fresh === null) return this.#read.call(socket, size);
      const bytes = this.#fresh;
      this.#fresh = null;
      return bytes;
    };
    socket.unshift = (bytes: Uint8Array) => this.#unshift.call(socket, Buffer.from(bytes));
  }

  /** @returns whether to go on reading */
  take(read: Buffer): boolean {
    const socket = this.#socket;
    if (this.#diverted !== undefined) {
      this.#diverted(read);
      return !this.#paused;
    }
    // what was read before has to go first
    if (socket.readableLength > 0 || socket.listenerCount('readable') === 0) return socket.push(Buffer.from(read));
    this.#fresh = read;
    atHand = this.#diversion;
    try {
      socket.emit('readable');
    } finally {
      atHand = undefined;
    }
    const left = this.#fresh;
    this.#fresh = null;
    // Never false where it was taken: only a push tells the stream that it may ask for more later.
    return left === null || socket.push(Buffer.from(left));
  }

  readonly #diversion = (): Diversion => ({
    begin: (data, over) => {
      this.#paused = false;
      const reader = new ChunkReader(data);
      this.#diverted = (bytes) => {
        const rest = reader.push(bytes);
        if (rest === undefined) return;
        this.#diverted = undefined;
        this.#unshift.call(this.#socket, rest);
        over();
      };
      // what came with the head, and since
      for (let waiting: Buffer | null; this.#diverted !== undefined; this.#diverted(waiting)) {
        waiting = this.#read.call(this.#socket);
        if (waiting === null) return;
      }
    },
    pause: () => {
      this.#paused = true;
    },
    resume: () => {
      this.#paused = false;
      // where the handle does not read, it begins to
      if (this.#diverted !== undefined) this.#read.call(this.#socket, 0);
    },
  });
}
