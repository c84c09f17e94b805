import { setTimeout as sleep } from 'node:timers/promises';
import { JetStreamApiError, JetStreamError, jetstream } from '@nats-io/jetstream';
import { type ObjectStore, Objm, StorageType } from '@nats-io/obj';
import { errors, type NatsConnection } from '@nats-io/transport-node';
import { errorMessage, WatershardError } from '../../model/errors.ts';
import { backoffDelay } from '../backoff.ts';
import type { ExporterContext } from '../exporter.ts';
import { Trouble } from '../trouble.ts';
import type { JetStreamConfig } from './config.ts';
import type { Message } from './message.ts';
import { type Claim, claimName } from './request.ts';
import { FULL, STREAM_NOT_FOUND } from './server-errors.ts';

/** Puts at the same time: the library copies what it puts, 1 to 2 MB each. */
const MAX_PUTS = 4;
const CHUNK_BYTES = 128 * 1024;
/** Of max_payload, for the headers that the library adds to a chunk. */
const HEADER_ROOM = 512;
const NANOS = 1_000_000;

/**
 * Puts records that are too large for a message into an object store (ADR-20 of NATS), each until it is there: one that
 * fails goes behind the others. Who asked is told when the object is stored durably, and publishes the reference then.
 */
export class ClaimStore {
  readonly #config: JetStreamConfig;
  readonly #context: ExporterContext;
  readonly #connection: () => NatsConnection | undefined;
  readonly #stored: (message: Message, claim: Claim | undefined) => void;
  readonly #trouble: Trouble;
  readonly #ending = new AbortController();
  readonly #queue: Message[] = [];
  /** Those of which a put has failed. */
  readonly #failing = new Set<Message>();
  #puts = 0;
  #begun = false;
  #opened: { readonly connection: NatsConnection; readonly objects: Promise<ObjectStore> } | undefined;

  /** @param stored called once a message, without a claim where its batch is void and nothing was put */
  constructor(
    config: JetStreamConfig,
    context: ExporterContext,
    connection: () => NatsConnection | undefined,
    stored: (message: Message, claim: Claim | undefined) => void,
  ) {
    this.#config = config;
    this.#context = context;
    this.#connection = connection;
    this.#stored = stored;
    this.#trouble = new Trouble(context);
  }

  /** Why records cannot be put, in one line; undefined where nothing is wrong. */
  get trouble(): string | undefined {
    return this.#trouble.detail;
  }

  /** Looks for the bucket once, and goes on looking behind the caller's back where it is not there. Idempotent. */
  async begin(): Promise<void> {
    if (this.#begun) return;
    this.#begun = true;
    try {
      await this.#objects();
    } catch (e) {
      this.#failed(e);
      void this.#awaitBucket();
    }
  }

  put(message: Message): void {
    this.#queue.push(message);
    if (this.#puts < MAX_PUTS) void this.#putAll();
  }

  close(): void {
    this.#ending.abort();
  }

  async #awaitBucket(): Promise<void> {
    for (let failures = 1; ; ) {
      if (!(await this.#pause(failures))) return;
      try {
        await this.#objects();
        if (this.#failing.size === 0) this.#trouble.end();
        return;
      } catch (e) {
        failures++;
        this.#failed(e);
      }
    }
  }

  async #putAll(): Promise<void> {
    this.#puts++;
    for (let failures = 0; ; ) {
      const message = this.#queue.shift();
      if (message === undefined || this.#ending.signal.aborted) break;
      try {
        const claim = message.batch.void ? undefined : await this.#put(message);
        failures = 0;
        if (this.#ending.signal.aborted) break;
        this.#failing.delete(message);
        if (this.#failing.size === 0) this.#trouble.end();
        this.#stored(message, claim);
      } catch (e) {
        this.#failed(e);
        this.#context.metrics.retries.inc({ exporter: this.#context.name, reason: 'claim-check' });
        this.#failing.add(message);
        this.#queue.push(message);
        if (!(await this.#pause(++failures))) break;
      }
    }
    this.#puts--;
  }

  async #put({ id, key, operation, payload }: Message): Promise<Claim> {
    const { name: exporter, cluster, metrics, logger } = this.#context;
    const { bucket } = this.#config.claimCheck;
    const { encoding, stream, ackTimeout } = this.#config;
    const { connection, objects } = await this.#objects();
    const info = await objects.putBlob(
      {
        name: claimName(stream, cluster, id),
        options: { max_chunk_size: Math.min(CHUNK_BYTES, (connection.info?.max_payload ?? CHUNK_BYTES) - HEADER_ROOM) },
        metadata: { 'watershard-id': id, 'watershard-operation': operation, 'watershard-encoding': encoding },
      },
      payload,
      { timeout: ackTimeout },
    );
    metrics.claimChecks.inc({ exporter });
    logger.warn(
      { exporter, id, key, bytes: payload.length, bucket },
      'a record is larger than a message may be: it is in the object store, and a reference goes in its place',
    );
    return { bucket, name: info.name, size: info.size, encoding, digest: info.digest };
  }

  async #objects(): Promise<{ readonly connection: NatsConnection; readonly objects: ObjectStore }> {
    const connection = this.#connection();
    if (connection === undefined)
      throw new WatershardError('EXPORTER_UNREACHABLE', `exporter ${this.#context.name}: not connected to NATS`);
    if (this.#opened?.connection !== connection) this.#opened = { connection, objects: this.#open(connection) };
    return { connection, objects: await this.#opened.objects };
  }

  async #open(connection: NatsConnection): Promise<ObjectStore> {
    const { claimCheck, createStream, ackTimeout } = this.#config;
    const stores = new Objm(jetstream(connection, { timeout: ackTimeout, checkAPI: false }));
    if (!claimCheck.create) return await stores.open(claimCheck.bucket);
    const { storage, replicas, maxAge = 0 } = createStream === false ? {} : createStream;
    return await stores.create(claimCheck.bucket, {
      description: 'Records of Watershard that are larger than a message may be',
      storage: storage === 'memory' ? StorageType.Memory : StorageType.File,
      replicas: replicas ?? 1,
      ...(maxAge === 0 ? {} : { ttl: maxAge * NANOS }),
    });
  }

  #failed(error: unknown): void {
    if (this.#ending.signal.aborted) return;
    this.#opened = undefined; // looked for again, and made again where that may be
    this.#trouble.report(claimFault(this.#context.name, this.#config, error));
  }

  /** @returns false where the exporter has ended */
  async #pause(failures: number): Promise<boolean> {
    await sleep(backoffDelay(failures), undefined, { signal: this.#ending.signal, ref: false }).catch(() => undefined); // aborted: told below
    return !this.#ending.signal.aborted;
  }
}

function claimFault(exporter: string, config: JetStreamConfig, error: unknown): WatershardError {
  const { bucket } = config.claimCheck;
  const doing = `exporter ${exporter}, object store ${bucket}`;
  if (error instanceof WatershardError) return error;
  const text = errorMessage(error);
  const code = error instanceof JetStreamApiError ? error.code : 0;
  if (code === STREAM_NOT_FOUND || /object store not found|stream not found/.test(text)) {
    return new WatershardError(
      'EXPORTER_TARGET_MISSING',
      `${doing}: it does not exist; run: nats object add ${bucket} --storage file; or set claimCheck: { create: true }`,
      { cause: error },
    );
  }
  if (FULL.has(code)) return new WatershardError('EXPORTER_FULL', `${doing}: ${text}`, { cause: error });
  const denied = [error, (error as Error | undefined)?.cause].some((e) => e instanceof errors.PermissionViolationError);
  if (denied) return new WatershardError('EXPORTER_REFUSED', `${doing}: ${text}`, { cause: error });
  const reason = error instanceof JetStreamError && text === '' ? error.name : text;
  return new WatershardError('EXPORTER_UNREACHABLE', `${doing}: ${reason}`, { cause: error });
}
