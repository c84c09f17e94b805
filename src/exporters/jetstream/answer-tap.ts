import type { NatsConnection } from '@nats-io/transport-node';
import { readTokenAt, TOKEN_LENGTH } from './reply.ts';
import { storedReader } from './request.ts';

/** Of the library's insides: what reads the bytes that the server sends. */
interface Parser {
  /** 0 between two messages. */
  readonly state: number;
  parse(bytes: Uint8Array): void;
}

const SPACE = 0x20;
const CR = 0x0d;
const LF = 0x0a;

/**
 * Reads the one answer that comes for each message, "it is stored", out of the bytes before the library does, which goes
 * through them one by one with a state machine and makes five objects of each. Whatever else is there, and all behind it in
 * the same bytes, is left to the library. Where the library is not as it is known, everything is.
 * @param stored called with the token of each message
 */
export function tapAnswers(
  connection: NatsConnection,
  inbox: string,
  stream: string,
  stored: (token: number) => void,
): void {
  const { protocol } = connection as NatsConnection & { readonly protocol?: { parser?: Partial<Parser> } };
  if (protocol?.parser?.state !== 0 || typeof protocol.parser.parse !== 'function') return;
  const take = answerTaker(inbox, stream, stored);
  const tapped = (parser: Parser): Parser => {
    const parse = parser.parse.bind(parser);
    parser.parse = (bytes) => {
      const taken = parser.state === 0 ? take(bytes) : 0;
      if (taken < bytes.length) parse(taken === 0 ? bytes : bytes.subarray(taken));
    };
    return parser;
  };
  let current = tapped(protocol.parser as Parser);
  // The library makes a new one for each connection.
  Object.defineProperty(protocol, 'parser', {
    configurable: true,
    enumerable: true,
    get: () => current,
    set: (parser: Parser) => {
      current = tapped(parser);
    },
  });
}

/**
 * `MSG <inbox>.<token> <sid> <bytes>\r\n{"stream":"K8S","seq":7}\r\n`, one behind the other.
 * @returns a function that gives back how many bytes it has taken
 */
export function answerTaker(
  inbox: string,
  stream: string,
  stored: (token: number) => void,
): (bytes: Uint8Array) => number {
  const head = Buffer.from(`MSG ${inbox}.`);
  const isStored = storedReader(stream);
  return (bytes) => {
    for (let at = 0; ; ) {
      for (let i = 0; i < head.length; i++) if (bytes[at + i] !== head[i]) return at;
      const tokenAt = at + head.length;
      const token = readTokenAt(bytes, tokenAt);
      const sid = tokenAt + TOKEN_LENGTH;
      if (Number.isNaN(token) || bytes[sid] !== SPACE) return at;
      const sidEnd = behindDigits(bytes, sid + 1);
      if (bytes[sidEnd] !== SPACE) return at;
      const sizeEnd = behindDigits(bytes, sidEnd + 1);
      if (bytes[sizeEnd] !== CR || bytes[sizeEnd + 1] !== LF) return at;
      let size = 0;
      for (let i = sidEnd + 1; i < sizeEnd; i++) size = size * 10 + (bytes[i] as number) - 0x30;
      const start = sizeEnd + 2;
      const end = start + size;
      if (bytes[end] !== CR || bytes[end + 1] !== LF || !isStored(bytes, start, end)) return at;
      at = end + 2;
      stored(token);
    }
  };
}

function behindDigits(bytes: Uint8Array, at: number): number {
  while ((bytes[at] as number) >= 0x30 && (bytes[at] as number) <= 0x39) at++;
  return at;
}
