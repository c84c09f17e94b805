import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { createSecureContext } from 'node:tls';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { Agent, request } from 'undici';
import { errorMessage, WatershardError } from '../../model/errors.ts';
import { retryAfter } from './answer.ts';
import type { HttpConfig } from './config.ts';
import { type Basic, type HeaderInput, requestHeaders, splitUrl } from './request.ts';

const compress = promisify(gzip);

/** Of an answer, read and thrown away so that the connection can be used again; one that is longer costs the connection. */
const ANSWER_BYTES = 256 * 1024;
/** Longer than most servers keep an idle connection is no use: they close it under the next request. */
const IDLE_MS = 4000;

export interface HttpAnswer {
  readonly status: number;
  /** Milliseconds that the server asks to wait; 0 where it does not say. */
  readonly retryAfter: number;
}

/** Posts bodies to one address. */
export class HttpClient {
  readonly #config: HttpConfig;
  readonly #url: string;
  readonly #urlBasic: Basic | undefined;
  /** Scheme, host and port: all that is shown of the address, whose path may be a secret. */
  readonly origin: string;
  #agent: Agent | undefined;

  constructor(config: HttpConfig) {
    const { url, origin, basic } = splitUrl(config.url);
    this.#config = config;
    this.#url = url;
    this.#urlBasic = basic;
    this.origin = origin;
  }

  /**
   * Reads what the configuration names, and looks whether somebody listens.
   * @throws WatershardError EXPORTER_MISCONFIGURED, EXPORTER_REFUSED, EXPORTER_UNREACHABLE
   */
  async probe(signal: AbortSignal): Promise<void> {
    await this.#open();
    await this.#credentials();
    const { hostname, port, protocol } = new URL(this.#url);
    const host = hostname.replace(/^\[|\]$/g, '');
    await new Promise<void>((resolve, reject) => {
      const socket = connect({ host, port: Number(port) || (protocol === 'https:' ? 443 : 80), signal });
      socket.setTimeout(this.#config.requestTimeout, () => socket.destroy(new Error('it does not answer')));
      socket.once('error', (e) => reject(this.#unreachable('connecting to', e)));
      socket.once('connect', () => {
        socket.destroy();
        resolve();
      });
    });
  }

  /**
   * One attempt. An answer counts once it is whole.
   * @throws WatershardError EXPORTER_UNREACHABLE: nothing tells whether the server has taken the body; EXPORTER_REFUSED or
   *   EXPORTER_MISCONFIGURED where the token or the certificates cannot be read
   */
  async post(contentType: string, content: Buffer, ending: AbortSignal): Promise<HttpAnswer> {
    const agent = await this.#open();
    const credentials = await this.#credentials();
    const body = this.#config.compression === 'gzip' ? await compress(content) : content;
    const seconds = Math.floor(Date.now() / 1000);
    const config = this.#config;
    const timeout = AbortSignal.timeout(config.requestTimeout);
    try {
      const answer = await request(this.#url, {
        method: 'POST',
        dispatcher: agent,
        headers: requestHeaders({ config, contentType, ...credentials, body, seconds }),
        body,
        signal: AbortSignal.any([ending, timeout]),
      });
      let length = 0;
      for await (const chunk of answer.body as AsyncIterable<Buffer>) {
        length += chunk.length;
        if (length > ANSWER_BYTES) break;
      }
      return { status: answer.statusCode, retryAfter: retryAfter(answer.headers['retry-after'], Date.now()) };
    } catch (e) {
      // Certificates may have been renewed: they are read again with the next request.
      await this.close();
      if (timeout.aborted)
        throw this.#unreachable('posting to', new Error(`no answer within ${config.requestTimeout / 1000} s`));
      throw this.#unreachable('posting to', e);
    }
  }

  async close(): Promise<void> {
    const agent = this.#agent;
    this.#agent = undefined;
    await agent?.destroy();
  }

  async #open(): Promise<Agent> {
    if (this.#agent !== undefined) return this.#agent;
    const { tls, requestTimeout } = this.#config;
    const [ca, cert, key] = await Promise.all([tls?.ca, tls?.cert, tls?.key].map((path) => this.#file(path, 'tls')));
    const material = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
    try {
      createSecureContext(material);
    } catch (cause) {
      const text = `tls of ${this.origin}: the certificates or the key cannot be used: ${errorMessage(cause)}`;
      throw new WatershardError('EXPORTER_MISCONFIGURED', text, { cause });
    }
    this.#agent = new Agent({
      connections: 1,
      pipelining: 1,
      allowH2: false,
      keepAliveTimeout: IDLE_MS,
      // the signal of each request is the limit
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { ...material, timeout: requestTimeout },
    });
    return this.#agent;
  }

  async #credentials(): Promise<Pick<HeaderInput, 'basic' | 'bearerToken'>> {
    const { basic } = this.#config;
    if (basic === undefined) return { basic: this.#urlBasic, bearerToken: await this.#token() };
    const { user, password = '', passwordFile } = basic;
    const text = (await this.#file(passwordFile, 'basic.passwordFile'))?.toString().replace(/\r?\n$/, '');
    return { basic: { user, password: text ?? password }, bearerToken: undefined };
  }

  async #token(): Promise<string | undefined> {
    const { bearerToken, bearerTokenFile } = this.#config;
    const text = bearerToken ?? (await this.#file(bearerTokenFile, 'bearerTokenFile'))?.toString().trim();
    if (text === undefined || /^[\x21-\x7e]+$/.test(text)) return text;
    throw new WatershardError(
      'EXPORTER_REFUSED',
      `reading bearerTokenFile ${bearerTokenFile}: there is no token in it`,
    );
  }

  async #file(path: string | undefined, setting: string): Promise<Buffer | undefined> {
    if (path === undefined) return undefined;
    try {
      return await readFile(path);
    } catch (cause) {
      const code = setting === 'tls' ? 'EXPORTER_MISCONFIGURED' : 'EXPORTER_REFUSED';
      throw new WatershardError(code, `reading ${setting} ${path}: ${errorMessage(cause)}`, { cause });
    }
  }

  #unreachable(doing: string, cause: unknown): WatershardError {
    if (cause instanceof WatershardError) return cause;
    return new WatershardError('EXPORTER_UNREACHABLE', `${doing} ${this.origin}: ${errorMessage(cause)}`, { cause });
  }
}
