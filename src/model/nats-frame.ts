import type { ByteWriter } from './byte-writer.ts';
import { OPERATIONS, type Operation } from './record.ts';

/**
 * A message as it goes over the wire to a NATS server (the client protocol, ADR-4 for headers):
 *
 *     HPUB <subject> <reply> <bytes of headers> <bytes of headers and payload>\r\n<headers>\r\n\r\n<payload>\r\n
 *
 * It is written where the record is encoded, off the main thread, all but the reply subject: that has room of a fixed
 * width, which whoever sends the message fills in. The bytes of headers and payload are written once the payload is there,
 * with leading zeros.
 */
export interface NatsFramePlan {
  /** The stream that has to take the message. */
  readonly stream: string;
  /** Characters of the reply subject. */
  readonly replyLength: number;
}

/** Before the subject. */
export const SUBJECT_AT = 5;
/** The server ends a connection whose protocol line is longer than its max_control_line (4096), and does not tell the limit. */
export const MAX_SUBJECT = 2048;

export type WriteHeaders = (id: string, operation: Operation, more?: Readonly<Record<string, string>>) => string;

/**
 * Makes the header block of a message: the stream that has to take it, the operation and the id by which the server
 * suppresses duplicates. As text at once: the client library's header map costs several times as much a message.
 */
export function headerWriter(stream: string): WriteHeaders {
  const heads = new Map(
    OPERATIONS.map((operation) => [
      operation,
      `NATS/1.0\r\nNats-Expected-Stream: ${stream}\r\nWatershard-Operation: ${operation}\r\nNats-Msg-Id: `,
    ]),
  );
  return (id, operation, more) => {
    let text = heads.get(operation) + lineSafe(id);
    if (more !== undefined) for (const name in more) text += `\r\n${name}: ${lineSafe(more[name] ?? '')}`;
    return `${text}\r\n\r\n`;
  };
}

const CARRIAGE_RETURN = 0x0d;
const LINE_FEED = 0x0a;
export const FRAME_TAIL = Buffer.from('\r\n');

/** As many as the server takes. */
const SIZE = '000000000';

export interface FrameHead {
  readonly text: string;
  /** Bytes at its end that are the header block. */
  readonly headerBytes: number;
}

/** Makes what stands before and behind the payload of one message after another. */
export class FrameWriter {
  readonly #headers: WriteHeaders;
  readonly #reply: string;

  constructor({ stream, replyLength }: NatsFramePlan) {
    this.#headers = headerWriter(stream);
    this.#reply = '_'.repeat(replyLength);
  }

  /** What stands before the payload; undefined where the subject is too long for a line of the protocol. */
  head(
    subject: string,
    id: string,
    operation: Operation,
    more?: Readonly<Record<string, string>>,
  ): FrameHead | undefined {
    if (subject.length * 3 > MAX_SUBJECT && Buffer.byteLength(subject) > MAX_SUBJECT) return undefined;
    const block = this.#headers(id, operation, more);
    const headerBytes = Buffer.byteLength(block);
    return { text: `HPUB ${subject} ${this.#reply} ${headerBytes} ${SIZE}\r\n${block}`, headerBytes };
  }

  /** Ends a message of which the payload was written. @param payloadStart position in `out` */
  end(out: ByteWriter, headerBytes: number, payloadStart: number): void {
    const headersStart = payloadStart - headerBytes;
    out.digitsAt(out.length - headersStart, headersStart - FRAME_TAIL.length - SIZE.length, SIZE.length);
    out.byte(CARRIAGE_RETURN);
    out.byte(LINE_FEED);
  }
}

const LINE_BREAK = /[\r\n]/;
/** A header ends at a line break; none stands in an id or name of Kubernetes, but nothing must be able to add a header. */
function lineSafe(value: string): string {
  return LINE_BREAK.test(value) ? encodeURIComponent(value.toWellFormed()) : value;
}
