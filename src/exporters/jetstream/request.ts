import { MAX_SUBJECT } from '../../model/nats-frame.ts';
import type { Operation } from '../../model/record.ts';

const UNFIT = /[\s*>]|^\.|\.$|\.\.|^\$|^$/;
/** Why a message cannot be published to the subject, or undefined. */
export function subjectFault(subject: string): string | undefined {
  const length = Buffer.byteLength(subject);
  if (length > MAX_SUBJECT) return `its subject has ${length} bytes, more than ${MAX_SUBJECT}`;
  return UNFIT.test(subject) ? `'${subject}' is not a subject` : undefined;
}

/** The subjects that a template can produce, with `*` for every token that varies. */
export function subjectPattern(template: string, cluster: string): string {
  const known = /^[\w-]+$/.test(cluster) ? template.replaceAll('{cluster}', cluster) : template;
  return known
    .split('.')
    .map((token) => (token.includes('{') ? '*' : token))
    .join('.');
}

/** The subject for a new stream: `k8s.demo.>` for `k8s.demo.*.*.*.*`. */
export function streamSubject(pattern: string): string {
  const varying = pattern.split('.').indexOf('*');
  return varying <= 0 ? pattern : [...pattern.split('.').slice(0, varying), '>'].join('.');
}

/** Whether a subject of a stream takes all, some or none of the subjects of a pattern. */
export function subjectCoverage(streamSubject: string, pattern: string): 'all' | 'some' | 'none' {
  const have = streamSubject.split('.');
  const want = pattern.split('.');
  let all = true;
  for (let i = 0; i < want.length; i++) {
    const token = have[i];
    if (token === '>') return all ? 'all' : 'some';
    if (token === undefined) return 'none';
    if (token === '*' || token === want[i]) continue;
    if (want[i] !== '*') return 'none';
    all = false;
  }
  if (have.length !== want.length) return 'none';
  return all ? 'all' : 'some';
}

/** Where the object of a claim check is, and what it is. */
export interface Claim {
  readonly bucket: string;
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly encoding: string;
  /** Of its bytes, as the object store gives it: `SHA-256=` and base64url. */
  readonly digest: string;
}

/**
 * The same id always gives the same name, so that a replay overwrites. Stream and cluster stand before it, as more than one
 * exporter may use a bucket: their encodings differ.
 */
export function claimName(stream: string, cluster: string, id: string): string {
  return `${stream}/${cluster}/${id}`;
}

/** The message in place of a record that is in the object store: a JSON document in every encoding. */
export function claimReference(id: string, operation: Operation, cluster: string, claim: Claim): Buffer {
  return Buffer.from(
    JSON.stringify({
      id,
      operation,
      ...(cluster === '' ? {} : { cluster }),
      claimCheck: { store: 'nats-object-store', ...claim },
    }),
  );
}

/** What the server answered to a publish. */
export type Answer =
  | { readonly type: 'stored'; readonly duplicate: boolean }
  /** No stream takes the subject, or it has no leader. */
  | { readonly type: 'no-responders' }
  /** `code` is the JetStream error code (errors.json of nats-server), `status` its HTTP-like class. */
  | { readonly type: 'refused'; readonly code: number; readonly status: number; readonly description: string };

export const STORED: Answer = { type: 'stored', duplicate: false };
const DUPLICATE: Answer = { type: 'stored', duplicate: true };
const NO_RESPONDERS: Answer = { type: 'no-responders' };

/** Tells the one answer that comes for each message by its bytes: `{"stream":"K8S","seq":7}`. */
export function storedReader(stream: string): (bytes: Uint8Array, start: number, end: number) => boolean {
  const usual = Buffer.from(`{"stream":${JSON.stringify(stream)},"seq":`);
  return (bytes, start, end) => {
    for (let i = 0; i < usual.length; i++) if (bytes[start + i] !== usual[i]) return false;
    return isSequence(bytes, start + usual.length, end);
  };
}

/** Makes the reader of publish acknowledgements: `{"stream":"K8S","seq":7}`, with `"duplicate":true` or an `"error"`. */
export function answerReader(stream: string): (data: Uint8Array, status: number) => Answer {
  const isStored = storedReader(stream);
  return (data, status) => {
    if (data.length === 0) return status === 503 ? NO_RESPONDERS : refused(0, status, 'an empty answer');
    if (isStored(data, 0, data.length)) return STORED;
    let answer: unknown;
    try {
      answer = JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.length).toString());
    } catch (e) {
      return refused(0, status, `an answer that is not JSON (${String(e)})`);
    }
    const { error, stream: taker, seq, duplicate } = members(answer);
    if (error !== undefined) {
      const { code, err_code, description } = members(error);
      return refused(number(err_code, 0), number(code, status), String(description ?? 'no description'));
    }
    if (taker !== stream || typeof seq !== 'number' || !(seq > 0))
      return refused(0, status, 'an answer without stream and sequence');
    return duplicate === true ? DUPLICATE : STORED;
  };
}

/** Whether there are only digits from there to the brace that ends it, the first of them not 0. */
function isSequence(bytes: Uint8Array, start: number, end: number): boolean {
  const last = end - 1;
  if (last <= start || last > start + 20 || bytes[last] !== 0x7d || bytes[start] === 0x30) return false;
  for (let i = start; i < last; i++) if ((bytes[i] as number) < 0x30 || (bytes[i] as number) > 0x39) return false;
  return true;
}

function members(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function number(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}

function refused(code: number, status: number, description: string): Answer {
  return { type: 'refused', code, status, description };
}
