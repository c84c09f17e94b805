import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { errorMessage, WatershardError } from '../../model/errors.ts';
import { backoffDelay } from '../backoff.ts';
import type { ExporterContext } from '../exporter.ts';
import { objectKey } from '../object-key.ts';
import type { RecordSink, SendResult, SinkEvents, Verdict } from '../queued-exporter.ts';
import type { QueuedRecord } from '../record-queue.ts';
import type { KafkaConfig } from './config.ts';
import { isMissing, kafkaFault, partitionCodes, REFUSED, TOO_LARGE } from './errors.ts';
import { PARTITIONERS, type Partitioner } from './partition.ts';
import { messageHeaders, topicFault, topicOf } from './request.ts';

type Driver = typeof import('@platformatic/kafka');
type Producer = import('@platformatic/kafka').Producer<Buffer, Buffer, Buffer, Buffer>;
type ProducerOptions = import('@platformatic/kafka').ProducerOptions<Buffer, Buffer, Buffer, Buffer>;
type Message = import('@platformatic/kafka').MessageToProduce<Buffer, Buffer, Buffer, Buffer>;

/** Longer than the brokers may take, so that an answer is rather late than missed. */
const ANSWER_MS = 5000;
/** As good as for ever: what is repeated by the library keeps its sequence, by which the brokers know it. */
const FOREVER = Number.MAX_SAFE_INTEGER;

/**
 * An idempotent producer. One request for some records is on its way at a time, and the library repeats it with the same
 * sequence numbers for as long as the brokers are away, so that they store it once and in order. Where it gives up (the
 * brokers refused), what they have not stored is sent again here, by partition.
 */
export class KafkaSink implements RecordSink {
  readonly #driver: Driver;
  readonly #config: KafkaConfig;
  readonly #context: ExporterContext;
  readonly #events: SinkEvents;
  readonly #cluster: string;
  readonly #partitionOf: Partitioner;
  readonly #headersOf: ReturnType<typeof messageHeaders>;
  /** The topic of all records, where the template has no placeholder. */
  readonly #topic: string | undefined;
  #producer: Producer | undefined;
  #creating: Promise<void> | undefined;
  /** Topics of what is being sent. */
  #topics: string[] = [];
  #closing = false;

  constructor(driver: Driver, config: KafkaConfig, context: ExporterContext, events: SinkEvents) {
    this.#driver = driver;
    this.#config = config;
    this.#context = context;
    this.#events = events;
    this.#cluster = config.clusterId ?? context.cluster;
    this.#partitionOf = PARTITIONERS[config.partitioner];
    this.#headersOf = messageHeaders(config.encoding, context.cluster);
    this.#topic = config.topic.includes('{') ? undefined : config.topic;
  }

  /** The brokers answer, and where the topic is the same for all records, it is there. */
  async open(): Promise<void> {
    this.#producer ??= new this.#driver.Producer<Buffer, Buffer, Buffer, Buffer>(this.#options());
    await this.#partitions(this.#topic === undefined ? [] : [this.#topic]);
  }

  async send(records: readonly QueuedRecord[]): Promise<SendResult> {
    const verdicts = records.map((record) => this.#fault(record));
    const sent = records.filter((_, i) => verdicts[i] === undefined);
    this.#topics = [...new Set(sent.map((record) => this.#topicOf(record)))];
    const partitions = await this.#partitions([...this.#topics]);
    const messages: Message[] = [];
    const places = new Map<QueuedRecord, string>();
    const crowds = new Map<string, number>();
    for (const record of sent) {
      const topic = this.#topicOf(record);
      const key = Buffer.from(objectKey(this.#config.key, this.#cluster, record));
      const partition = this.#partitionOf(key, partitions.get(topic) ?? 1);
      const place = `${topic}:${partition}`;
      places.set(record, place);
      crowds.set(place, (crowds.get(place) ?? 0) + 1);
      this.#add(messages, record, { topic, partition, key });
    }
    let codes: ReadonlyMap<string, number> | undefined;
    let failure: unknown;
    try {
      if (messages.length > 0) await (this.#producer as Producer).send({ messages, acks: -1 });
    } catch (e) {
      codes = partitionCodes(e);
      failure = e;
    }
    let failed = false;
    const result = records.map((record, i): Verdict => {
      const fault = verdicts[i];
      if (fault !== undefined) return fault;
      const place = places.get(record) as string;
      const code = codes === undefined ? 0 : codes.get(place);
      if (code === 0) return 'stored';
      const own = code !== undefined && (TOO_LARGE.has(code) || REFUSED.has(code));
      if (!own) failed = true;
      else if ((crowds.get(place) ?? 0) > 1) return 'smaller';
      else if (TOO_LARGE.has(code))
        return { code: 'RECORD_TOO_LARGE', reason: `the broker takes less than its ${record.payload.length} bytes` };
      else
        return {
          code: 'RECORD_REJECTED',
          reason: errorMessage(kafkaFault(`topic ${this.#topicOf(record)}`, failure)),
        };
      return 'again';
    });
    return failed ? { verdicts: result, error: this.#wrap('writing to Kafka', failure) } : { verdicts: result };
  }

  async close(): Promise<void> {
    this.#closing = true;
    await this.#producer?.close(true);
  }

  status(): Readonly<Record<string, number | string | boolean>> {
    return { topic: this.#config.topic, connected: this.#producer?.isConnected() === true };
  }

  #topicOf({ subject }: QueuedRecord): string {
    return this.#topic ?? topicOf(subject);
  }

  #fault(record: QueuedRecord): Verdict | undefined {
    const { payload } = record;
    const most = this.#config.maxRecordBytes;
    if (payload.length > most)
      return { code: 'RECORD_TOO_LARGE', reason: `${payload.length} bytes are more than maxRecordBytes, ${most}` };
    const reason = topicFault(this.#topicOf(record));
    return reason === undefined ? undefined : { code: 'RECORD_REJECTED', reason };
  }

  #add(messages: Message[], record: QueuedRecord, to: { topic: string; partition: number; key: Buffer }): void {
    const headers = this.#headersOf(record);
    const message = (value: Buffer | undefined): Message => ({
      ...to,
      ...(headers === undefined ? {} : { headers }),
      // A message without a value is a tombstone; the library's type does not know it, its encoder does.
      value: value as Buffer,
    });
    const { payload } = record;
    const tombstone = record.operation === 'DELETED' ? this.#config.tombstones : 'none';
    if (tombstone !== 'instead')
      messages.push(message(Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)));
    if (tombstone !== 'none') messages.push(message(undefined));
  }

  /** How many partitions each topic has; those that are missing are made where that is asked for. */
  async #partitions(topics: string[], again = true): Promise<Map<string, number>> {
    const producer = this.#producer as Producer;
    try {
      const metadata = await producer.metadata({ topics, retries: 0 });
      return new Map([...metadata.topics].map(([name, { partitionsCount }]) => [name, partitionsCount]));
    } catch (e) {
      if (!isMissing(e)) throw this.#wrap('asking Kafka for its topics', e);
      if (!again || this.#config.createTopics === false) throw this.#missing(topics, e);
      await this.#create(topics);
      return this.#partitions(topics, false);
    }
  }

  #create(topics: readonly string[]): Promise<void> {
    this.#creating ??= this.#createAll(topics).finally(() => {
      this.#creating = undefined;
    });
    return this.#creating;
  }

  async #createAll(topics: readonly string[]): Promise<void> {
    const { createTopics } = this.#config;
    if (createTopics === false) return;
    const admin = new this.#driver.Admin({ ...this.#access(), retries: 3 });
    try {
      for (const topic of topics) {
        const { partitions = -1, replicas = -1 } = createTopics;
        try {
          await admin.createTopics({ topics: [topic], partitions, replicas });
          this.#context.logger.info({ exporter: this.#context.name, topic }, 'topic created');
        } catch (e) {
          if (!/TOPIC_ALREADY_EXISTS/.test(kafkaFault('', e).message)) throw this.#wrap(`creating topic ${topic}`, e);
        }
      }
    } finally {
      await admin.close();
    }
  }

  #missing(topics: readonly string[], cause: unknown): WatershardError {
    const name = topics.join(', ');
    return new WatershardError(
      'EXPORTER_TARGET_MISSING',
      `topic ${name} of exporter ${this.#context.name} does not exist; run: kafka-topics --create --topic ${topics[0]}; or set createTopics: true`,
      { cause },
    );
  }

  #wrap(doing: string, error: unknown): WatershardError {
    return kafkaFault(`${doing} at ${this.#config.brokers.join(', ')}`, error);
  }

  /** Called by the library before it tries anything again by itself. */
  #retried(error: Error, attempt: number): number {
    if (!this.#closing) {
      const trouble = this.#wrap('reaching Kafka', error);
      this.#events.trouble(trouble);
      // It would look for a topic that was deleted until somebody makes it again.
      if (isMissing(error) && this.#config.createTopics !== false)
        this.#create(this.#topics).catch((e: unknown) => this.#events.trouble(this.#wrap('creating topics', e)));
      this.#context.metrics.retries.inc({ exporter: this.#context.name, reason: trouble.code });
    }
    return backoffDelay(attempt);
  }

  #options(): ProducerOptions {
    return {
      ...this.#access(),
      idempotent: true,
      acks: -1,
      compression: this.#config.compression,
      retries: FOREVER,
      retryDelay: (_client, _operation, attempt, _retries, error) => this.#retried(error, attempt),
      timeout: this.#config.ackTimeout,
      requestTimeout: this.#config.ackTimeout + ANSWER_MS,
    };
  }

  #access(): ProducerOptions {
    const { brokers, sasl, tls } = this.#config;
    const options: ProducerOptions = { clientId: `watershard-${this.#context.name}`, bootstrapBrokers: [...brokers] };
    if (sasl !== undefined) {
      const mechanism = sasl.mechanism.toUpperCase() as 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
      options.sasl = { mechanism, username: sasl.user, password: sasl.password };
    }
    if (tls !== undefined) {
      const { ca, cert, key } = tls;
      options.tls = {
        ...(ca === undefined ? {} : { ca: read(ca) }),
        ...(cert === undefined ? {} : { cert: read(cert) }),
        ...(key === undefined ? {} : { key: read(key) }),
      };
      // The library gives the server's name to all connections or to none, and an address is no name.
      options.tlsServerName = !brokers.some(
        (broker) => isIP(broker.slice(0, broker.lastIndexOf(':')).replace(/^\[|\]$/g, '')) !== 0,
      );
    }
    return options;
  }
}

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new WatershardError('EXPORTER_MISCONFIGURED', `reading ${file} for TLS: ${errorMessage(cause)}`, { cause });
  }
}
