import type { NatsConnection } from '@nats-io/transport-node';
import type { Message } from './message.ts';
import { writeReply } from './reply.ts';

/** Of the library's insides: how it sends bytes of the protocol. */
interface Protocol {
  /** Puts bytes behind what waits to be sent. */
  sendCommand(bytes: Uint8Array): void;
  /** Hands what waits to the socket; nothing where there is no connection. */
  flushPending(): void;
  readonly transport?: { readonly socket?: { cork(): void; uncork(): void } };
}

/**
 * Sends messages as the lanes have them: frames that stand behind one another in one piece, without a copy, and all that is
 * due in one write. The library's own publish costs a string, an encoding, four buffers and a check by a regular expression
 * for each message, and copies what it sends once more (docs/decisions/0012-nats-frames-in-the-worker.md). What it does for a connection
 * (TLS, authentication, pings, reconnection) it does for these bytes too.
 */
export class FrameSender {
  readonly #protocol: Protocol;
  readonly #inbox: Uint8Array;
  readonly #runs: Uint8Array[] = [];
  /** The run that is being put together: positions in these frames. */
  #frames: Uint8Array | undefined;
  #start = 0;
  #end = 0;

  /** @returns undefined where the library is not as it is known: then its own publish does */
  static on(connection: NatsConnection, inbox: string): FrameSender | undefined {
    const { protocol } = connection as NatsConnection & { readonly protocol?: Partial<Protocol> };
    if (typeof protocol?.sendCommand !== 'function' || typeof protocol.flushPending !== 'function') return undefined;
    return new FrameSender(protocol as Protocol, inbox);
  }

  private constructor(protocol: Protocol, inbox: string) {
    this.#protocol = protocol;
    this.#inbox = Buffer.from(`${inbox}.`);
  }

  /** To be sent by the next `flush`. The frame must not change until it is settled. */
  add(message: Message): void {
    const { frames } = message.batch.reader;
    const start = message.frameStart;
    writeReply(frames, message.replyAt, this.#inbox, message.token);
    if (frames !== this.#frames || start !== this.#end) {
      this.#endRun();
      this.#frames = frames;
      this.#start = start;
    }
    this.#end = message.frameEnd;
  }

  flush(): void {
    this.#endRun();
    const runs = this.#runs;
    if (runs.length === 0) return;
    const socket = runs.length === 1 ? undefined : this.#protocol.transport?.socket;
    socket?.cork();
    for (const run of runs) {
      this.#protocol.sendCommand(run);
      this.#protocol.flushPending();
    }
    socket?.uncork();
    runs.length = 0;
  }

  #endRun(): void {
    if (this.#frames !== undefined) this.#runs.push(this.#frames.subarray(this.#start, this.#end));
    this.#frames = undefined;
  }
}
