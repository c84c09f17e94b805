import type { Socket } from 'node:net';

/** What libuv asks for at once. */
const READ_BYTES = 64 * 1024;

interface Reader extends Socket {
  read(size?: number): Buffer | null;
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
  const taken = new WeakSet<Socket>();
  /** What the socket at hand has read, until someone takes it. */
  let fresh: Buffer | null = null;
  let owner: Socket | undefined;

  function prepare(socket: Reader): void {
    taken.add(socket);
    const { read, unshift } = socket;
    socket.read = (size?: number) => {
      if (owner !== socket || fresh === null) return read.call(socket, size) as Buffer | null;
      const bytes = fresh;
      fresh = null;
      return bytes;
    };
    socket.unshift = (bytes: Uint8Array) => unshift.call(socket, Buffer.from(bytes));
  }

  return {
    onread: {
      buffer: Buffer.allocUnsafeSlow(READ_BYTES),
      callback(this: Reader, count: number, bytes: Buffer): boolean {
        const read = bytes.subarray(0, count);
        // what was read before has to go first
        if (this.readableLength > 0 || this.listenerCount('readable') === 0) return this.push(Buffer.from(read));
        if (!taken.has(this)) prepare(this);
        owner = this;
        fresh = read;
        this.emit('readable');
        const left = fresh;
        fresh = null;
        owner = undefined;
        // Never false where it was taken: only a push tells the stream that it may ask for more later.
        return left === null || this.push(Buffer.from(left));
      },
    },
  };
}
