import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { errorMessage, type WatershardError } from '../../model/errors.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { redisError, wantsReconnect } from './redis-error.ts';

export type Argument = string | Buffer;

/** PEM files. */
export interface TlsFiles {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

export interface ConnectionOptions {
  readonly url: string;
  readonly tls?: TlsFiles | undefined;
  /** How long a command may take. Milliseconds. */
  readonly timeout: number;
  readonly logger: Logger;
}

/**
 * One connection to Redis that fails at once instead of waiting: a command is not queued while there is no connection,
 * and none is sent a second time by the client, which could not know whether the first was done.
 */
export class Connection {
  /** Address and database, without credentials. */
  readonly name: string;
  readonly #redis: Redis;
  readonly #digests = new Map<string, string>();
  #lastError = '';
  #generation = 0;
  #closed = false;

  /** @throws WatershardError STATE_UNAVAILABLE where a file of `tls` cannot be read */
  constructor({ url, tls, timeout, logger }: ConnectionOptions) {
    this.#redis = new Redis(url, {
      lazyConnect: true,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      commandTimeout: timeout,
      connectTimeout: Math.min(timeout, 5000),
      keepAlive: 5000,
      ...(tls === undefined ? {} : { tls: pems(tls) }),
      retryStrategy: (attempt) => Math.min(100 * 2 ** Math.min(attempt, 6), 5000) * (0.5 + Math.random() / 2),
    });
    const { host, port, db } = this.#redis.options;
    this.name = `Redis ${host}:${port}/${db}`;
    this.#redis.on('error', (e: Error) => {
      this.#lastError = errorMessage(e);
      logger.debug({ reason: this.#lastError }, `${this.name}: connection error`);
    });
    this.#redis.on('ready', () => {
      this.#generation++;
      this.#lastError = '';
    });
  }

  async connect(): Promise<void> {
    try {
      await this.#redis.connect();
    } catch (e) {
      throw this.#error('connecting', e);
    }
  }

  /** Counts the connections made: the next may lead to another server. */
  get generation(): number {
    return this.#generation;
  }

  /** Why there is no connection, or undefined. */
  trouble(): string | undefined {
    if (this.#redis.status === 'ready') return undefined;
    return `${this.name}: ${this.#lastError || 'not connected'}`;
  }

  /** @throws WatershardError STATE_UNAVAILABLE, STATE_FULL, STATE_REFUSED */
  async call(doing: string, command: string, ...args: Argument[]): Promise<unknown> {
    return await this.#guard(doing, () => this.#redis.call(command, ...args));
  }

  /** The same, with the answer's texts as bytes. */
  async callBuffer(doing: string, command: string, ...args: Argument[]): Promise<unknown> {
    return await this.#guard(doing, () => this.#redis.callBuffer(command, ...args));
  }

  /** Runs a script by its digest, and sends it where Redis does not have it (yet, or after a restart). */
  async script(doing: string, lua: string, keys: readonly string[], args: readonly Argument[]): Promise<string[]> {
    const digest = this.#digests.get(lua) ?? createHash('sha1').update(lua).digest('hex');
    this.#digests.set(lua, digest);
    const rest = [String(keys.length), ...keys, ...args];
    return await this.#guard(doing, async () => {
      try {
        return (await this.#redis.call('EVALSHA', digest, ...rest)) as string[];
      } catch (e) {
        if (!errorMessage(e).startsWith('NOSCRIPT')) throw e;
        return (await this.#redis.call('EVAL', lua, ...rest)) as string[];
      }
    });
  }

  close(): void {
    this.#closed = true;
    this.#redis.disconnect();
  }

  async #guard<T>(doing: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (e) {
      // The name may lead to another server by now, and a connection that does not answer may be dead.
      if (wantsReconnect(e) && !this.#closed && this.#redis.status === 'ready') this.#redis.disconnect(true);
      throw this.#error(doing, e);
    }
  }

  #error(doing: string, thrown: unknown): WatershardError {
    const error = redisError(`${doing} at ${this.name}`, thrown);
    const reason = this.#lastError;
    return reason === '' || error.message.includes(reason)
      ? error
      : redisError(`${doing} at ${this.name}: ${reason}`, thrown);
  }
}

/** Read anew by each session, so that renewed certificates are taken up. */
function pems(files: TlsFiles): Record<string, Buffer> {
  const found: Record<string, Buffer> = {};
  for (const [name, file] of Object.entries(files) as [string, string | undefined][]) {
    if (file === undefined) continue;
    try {
      found[name] = readFileSync(file);
    } catch (e) {
      throw redisError(`reading state.tls.${name}`, e);
    }
  }
  return found;
}
