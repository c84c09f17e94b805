import { createHash } from 'node:crypto';
import type { RequestOptions } from 'node:https';
import { Agent, type Dispatcher, ProxyAgent, Socks5ProxyAgent } from 'undici';
import { WatershardError } from '../model/errors.ts';
import { socketReads } from './socket-reads.ts';

/** What a TLS connection to the API server is made with. */
export interface TlsMaterial {
  readonly ca: RequestOptions['ca'];
  readonly cert: RequestOptions['cert'];
  readonly key: RequestOptions['key'];
  readonly pfx: RequestOptions['pfx'];
  readonly passphrase: string | undefined;
  readonly servername: string | undefined;
  readonly rejectUnauthorized: boolean | undefined;
}

const CONNECT_MS = 10_000;

/**
 * The connections to the API server: one agent for the TLS material in use. When that changes (a certificate was renewed)
 * new requests get a new agent, and the old one ends with its last request.
 *
 * HTTP/1.1 on purpose, with as many connections as there are requests: a watch that is not read holds up its own socket
 * alone, a dead connection takes one watch with it, and no limit of streams a connection (100 by default here, 250 at the
 * API server) decides how many watches there can be. HTTP/2 was measured at 0.9 µs of CPU less of 11.4 µs an event.
 */
export class Agents {
  #key = '';
  #agent: Dispatcher | undefined;

  for(tls: TlsMaterial, proxyUrl: string | undefined): Dispatcher {
    const key = fingerprint(tls, proxyUrl);
    if (this.#agent !== undefined && key === this.#key) return this.#agent;
    const old = this.#agent;
    this.#agent = open(tls, proxyUrl);
    this.#key = key;
    // ends when its last watch does, within ten minutes
    if (old !== undefined) void old.close();
    return this.#agent;
  }

  /** Breaks off what still runs with the material in use; what runs with older material is its requests' signal to end. */
  async close(): Promise<void> {
    const agent = this.#agent;
    this.#agent = undefined;
    await agent?.destroy();
  }
}

function open(tls: TlsMaterial, proxyUrl: string | undefined): Dispatcher {
  const connect = Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined && value !== null));
  const timeouts = { headersTimeout: 0, bodyTimeout: 0, keepAliveTimeout: 20_000 };
  const options = { ...timeouts, allowH2: false, pipelining: 1, connections: null };
  // More often than the idle timeout (60 s) of common load balancers, as client-go has it.
  const keepAlive = { keepAlive: true, keepAliveInitialDelay: 30_000, timeout: CONNECT_MS };
  if (!proxyUrl) return new Agent({ ...options, connect: { ...connect, ...keepAlive, ...socketReads() } as never });
  const scheme = URL.canParse(proxyUrl) ? new URL(proxyUrl).protocol : '';
  if (scheme === 'http:' || scheme === 'https:') {
    return new ProxyAgent({ ...options, uri: proxyUrl, requestTls: { ...connect, ...keepAlive } });
  }
  if (scheme === 'socks5:') return new Socks5ProxyAgent(proxyUrl, { ...options, requestTls: connect });
  throw new WatershardError(
    'KUBECONFIG_INVALID',
    `the kubeconfig's proxy-url has the scheme ${scheme || 'none'}; http, https and socks5 can be used`,
  );
}

function fingerprint(tls: TlsMaterial, proxyUrl: string | undefined): string {
  const hash = createHash('sha256');
  for (const part of [tls.ca, tls.cert, tls.key, tls.pfx]) {
    for (const one of Array.isArray(part) ? part : [part]) {
      hash
        .update(typeof one === 'string' || one instanceof Uint8Array ? one : JSON.stringify(one ?? null))
        .update('\0');
    }
  }
  return hash
    .update(JSON.stringify([tls.passphrase, tls.servername, tls.rejectUnauthorized, proxyUrl]))
    .digest('base64');
}
