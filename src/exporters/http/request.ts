import { createHmac } from 'node:crypto';
import { goJson } from '../../model/go-json.ts';
import type { HttpConfig } from './config.ts';

/** What stands before, between and behind the records of a body. */
interface Frame {
  readonly head: Buffer;
  readonly separator: Buffer;
  readonly tail: Buffer;
  /** Line breaks in a record, which in JSON stand between tokens only, are made spaces. */
  readonly lines: boolean;
}

/** How the bodies of an exporter are put together. */
export interface BodyForm {
  readonly contentType: string;
  /** Records that a body may hold. */
  readonly most: number;
  assemble(payloads: readonly Uint8Array[]): Buffer;
}

const NEWLINE = 10;
const SPACE = 32;
const FRAMES: Readonly<Record<HttpConfig['format'], Frame>> = {
  array: { ...frame('[', ',', ']'), lines: false },
  ndjson: { ...frame('', '\n', '\n'), lines: true },
  single: { ...frame('', '', ''), lines: false },
};
const CONTENT_TYPES: Readonly<Record<'json' | 'cloudevents', Readonly<Record<HttpConfig['format'], string>>>> = {
  json: { array: 'application/json', ndjson: 'application/x-ndjson', single: 'application/json' },
  cloudevents: {
    array: 'application/cloudevents-batch+json',
    ndjson: 'application/x-ndjson',
    single: 'application/cloudevents+json',
  },
};

export function bodyForm({
  encoding,
  format,
  watchProxy,
}: Pick<HttpConfig, 'encoding' | 'format' | 'watchProxy'>): BodyForm {
  if (encoding === 'watch-proxy') return watchProxyForm(watchProxy);
  return {
    contentType: CONTENT_TYPES[encoding][format],
    most: format === 'single' ? 1 : Number.POSITIVE_INFINITY,
    assemble: (payloads) => framed(FRAMES[format], payloads),
  };
}

/** What watch-proxy posts to its endpoints of type `http`, and, as text within the input of a workflow, to those of type `vro`. */
function watchProxyForm({ meta, body }: HttpConfig['watchProxy']): BodyForm {
  const form = { ...frame('{"data":[', ',', `],"meta":${goJson(meta)}}`), lines: false };
  const assemble = (payloads: readonly Uint8Array[]): Buffer => framed(form, payloads);
  return {
    contentType: 'application/json',
    most: Number.POSITIVE_INFINITY,
    assemble: body === 'http' ? assemble : (payloads) => vroInput(assemble(payloads)),
  };
}

function vroInput(text: Buffer): Buffer {
  const value = goJson(text.toString());
  return Buffer.from(`{"parameters":[{"value":{"string":{"value":${value}}},"type":"string","name":"input"}]}`);
}

function framed({ head, separator, tail, lines }: Frame, payloads: readonly Uint8Array[]): Buffer {
  const parts: Uint8Array[] = [head];
  payloads.forEach((payload, i) => {
    if (i > 0) parts.push(separator);
    parts.push(lines ? oneLine(payload) : payload);
  });
  parts.push(tail);
  return Buffer.concat(parts);
}

function frame(head: string, separator: string, tail: string): Omit<Frame, 'lines'> {
  return { head: Buffer.from(head), separator: Buffer.from(separator), tail: Buffer.from(tail) };
}

function oneLine(payload: Uint8Array): Uint8Array {
  return payload.includes(NEWLINE) ? payload.map((byte) => (byte === NEWLINE ? SPACE : byte)) : payload;
}

export interface Basic {
  readonly user: string;
  readonly password: string;
}

/** The address without user and password, and what they were. */
export function splitUrl(text: string): {
  readonly url: string;
  readonly origin: string;
  readonly basic: Basic | undefined;
} {
  const url = new URL(text);
  const { username, password } = url;
  url.username = '';
  url.password = '';
  url.hash = '';
  const basic =
    username === '' ? undefined : { user: decodeURIComponent(username), password: decodeURIComponent(password) };
  return { url: url.href, origin: url.origin, basic };
}

export interface HeaderInput {
  readonly config: Pick<HttpConfig, 'headers' | 'compression' | 'hmac'>;
  readonly contentType: string;
  readonly basic: Basic | undefined;
  readonly bearerToken: string | undefined;
  /** As it is sent. */
  readonly body: Uint8Array;
  /** Unix seconds. */
  readonly seconds: number;
}

/** Headers of a request, by lower-case name. */
export function requestHeaders({
  config,
  contentType,
  basic,
  bearerToken,
  body,
  seconds,
}: HeaderInput): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': contentType, 'user-agent': 'watershard' };
  if (config.compression === 'gzip') headers['content-encoding'] = 'gzip';
  if (basic !== undefined && basic.user !== '')
    headers.authorization = `Basic ${Buffer.from(`${basic.user}:${basic.password}`).toString('base64')}`;
  if (bearerToken !== undefined) headers.authorization = `Bearer ${bearerToken}`;
  for (const [name, value] of Object.entries(config.headers)) headers[name.toLowerCase()] = value;
  if (config.hmac !== undefined) headers[config.hmac.header.toLowerCase()] = signature(config.hmac, seconds, body);
  return headers;
}

/**
 * `t=<Unix seconds>,v1=<hex>`, as Stripe signs its webhooks: the receiver makes the HMAC of `<t>.<body>` itself, compares in
 * constant time, and refuses what is older than some minutes.
 */
export function signature(
  { secret, algorithm }: NonNullable<HttpConfig['hmac']>,
  seconds: number,
  body: Uint8Array,
): string {
  const hex = createHmac(algorithm, secret).update(`${seconds}.`).update(body).digest('hex');
  return `t=${seconds},v1=${hex}`;
}
