/**
 * The subject on which the server answers a message: the inbox, and a token that leads back to the message. Tokens are below
 * 2^48 and written in twelve hexadecimal digits, so that the subject has a fixed width and can be put in where it has to be.
 */
export const TOKEN_LENGTH = 12;
const HALF = 2 ** 24;
/** Of the random part of an inbox (NUID). */
const NUID = 22;

const DIGIT = Uint8Array.from('0123456789abcdef', (c) => c.charCodeAt(0));
const VALUE = new Int8Array(256).fill(-1);
for (const [value, digit] of DIGIT.entries()) VALUE[digit] = value;

/** Characters of a reply subject under an inbox of this prefix. */
export function replyLength(inboxPrefix: string): number {
  return inboxPrefix.length + 1 + NUID + 1 + TOKEN_LENGTH;
}

export function replySubject(inbox: string, token: number): string {
  return `${inbox}.${token.toString(16).padStart(TOKEN_LENGTH, '0')}`;
}

/** @param inbox its bytes, with the dot behind it */
export function writeReply(bytes: Uint8Array, at: number, inbox: Uint8Array, token: number): void {
  // A call into native code costs more.
  for (let i = 0; i < inbox.length; i++) bytes[at + i] = inbox[i] as number;
  const end = at + inbox.length + TOKEN_LENGTH;
  writeHalf(bytes, end, token % HALF);
  writeHalf(bytes, end - TOKEN_LENGTH / 2, Math.floor(token / HALF));
}

function writeHalf(bytes: Uint8Array, end: number, half: number): void {
  for (let at = end - 1; at >= end - TOKEN_LENGTH / 2; at--) {
    bytes[at] = DIGIT[half & 15] as number;
    half >>= 4;
  }
}

/** The token of a reply subject; NaN where it is none. @param start behind the inbox and its dot */
export function readToken(subject: Uint8Array, start: number): number {
  return subject.length === start + TOKEN_LENGTH ? readTokenAt(subject, start) : Number.NaN;
}

/** The token that stands there; NaN where none does. */
export function readTokenAt(bytes: Uint8Array, start: number): number {
  let token = 0;
  for (let at = start; at < start + TOKEN_LENGTH; at++) {
    const value = VALUE[bytes[at] ?? 0] as number;
    if (value < 0) return Number.NaN;
    token = token * 16 + value;
  }
  return token;
}
