import { WatershardError } from '../../model/errors.ts';
import type { ExporterContext } from '../exporter.ts';
import type { RecordSink, SendResult, Verdict } from '../queued-exporter.ts';
import type { QueuedRecord } from '../record-queue.ts';
import { type PubsubConfig, splitTopic } from './config.ts';
import { type Call, type Connection, connect, type Driver, type Stub } from './connection.ts';
import { ALREADY_EXISTS, failureOf, isStale, PERMISSION_DENIED, pubsubFault, statusOf } from './errors.ts';
import { fitting, type Message, messageFault, messageMaker, messageSize, topicFault, topicOf } from './request.ts';

/** A message on its way, and where its verdict stands. */
interface Item {
  readonly message: Message;
  readonly size: number;
  readonly index: number;
}

/** Messages that go one request after the other: those of one ordering key, or without one those of a topic. */
interface Row {
  readonly topic: string;
  readonly items: Item[];
}

/** What one `send` has learnt: why requests failed, and which need not be tried. */
interface Round {
  readonly verdicts: (Verdict | undefined)[];
  error?: WatershardError;
  over: boolean;
  readonly missing: Set<string>;
}

/**
 * A publisher of its own on the generated stub. In one request stand messages of one ordering key, as the service asks for; the
 * next of a key goes when the one before is stored, so that a key's order holds over failures without a key that has to be resumed.
 */
export class PubsubSink implements RecordSink {
  readonly #driver: Driver;
  readonly #config: PubsubConfig;
  readonly #context: ExporterContext;
  readonly #messageOf: ReturnType<typeof messageMaker>;
  readonly #named: ReturnType<typeof splitTopic>;
  /** Topics that were made, or found to be there. */
  readonly #known = new Set<string>();
  readonly #calls = new Set<Call>();
  #connection: Connection | undefined;
  /** It may carry nothing any more, or its credentials are refused: a new one, with credentials that are read again. */
  #stale = false;
  #closed = false;

  constructor(driver: Driver, config: PubsubConfig, context: ExporterContext) {
    this.#driver = driver;
    this.#config = config;
    this.#context = context;
    this.#named = splitTopic(config.topic);
    const clusterId = config.clusterId ?? context.cluster;
    this.#messageOf = messageMaker(config, { cluster: context.cluster, clusterId });
  }

  async open(): Promise<void> {
    await this.#connect();
    if (this.#closed) return;
    const { topic } = this.#named;
    if (!topic.includes('{')) await this.#check(this.#path(topic));
  }

  async send(records: readonly QueuedRecord[]): Promise<SendResult> {
    if (this.#stale) await this.#connect();
    const round: Round = { verdicts: records.map(() => undefined), over: false, missing: new Set() };
    const rows = this.#rows(records, round.verdicts);
    const next = rows.values();
    const work = async (): Promise<void> => {
      for (const row of next) await this.#sendRow(row, round);
    };
    await Promise.all(Array.from({ length: Math.min(this.#config.requests, rows.length) }, work));
    const verdicts = round.verdicts.map((verdict) => verdict ?? 'again');
    return round.error === undefined ? { verdicts } : { verdicts, error: round.error };
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const call of this.#calls) call.cancel();
    await this.#connection?.client.close();
  }

  status(): Readonly<Record<string, number | string | boolean>> {
    const { project } = this.#connection ?? {};
    return { topic: project === undefined ? this.#config.topic : this.#path(this.#named.topic) };
  }

  async #connect(): Promise<void> {
    const old = this.#connection;
    if (old !== undefined && !this.#stale) return;
    await old?.client.close();
    // What it was is shown, and asked for its project, until there is a new one.
    this.#connection = await connect(this.#driver, this.#config, this.#named.project ?? this.#config.project);
    this.#stale = false;
    if (this.#closed) await this.#connection.client.close();
  }

  #path(topic: string): string {
    return `projects/${this.#connection?.project}/topics/${topic}`;
  }

  #rows(records: readonly QueuedRecord[], verdicts: (Verdict | undefined)[]): Row[] {
    const rows = new Map<string, Row>();
    const fixed = this.#named.topic.includes('{') ? undefined : this.#named.topic;
    for (const [index, record] of records.entries()) {
      const topic = fixed ?? topicOf(record.subject);
      const message = this.#messageOf(record);
      const path = this.#path(topic);
      const size = messageSize(message, path);
      const refused = topicFault(topic);
      const reason = refused ?? messageFault(message, size);
      if (reason !== undefined) {
        const large = refused === undefined && reason.startsWith('its message');
        verdicts[index] = { code: large ? 'RECORD_TOO_LARGE' : 'RECORD_REJECTED', reason };
        continue;
      }
      const place = `${topic} ${message.orderingKey ?? ''}`;
      const row = rows.get(place) ?? { topic: path, items: [] };
      row.items.push({ message, size, index });
      rows.set(place, row);
    }
    return [...rows.values()];
  }

  /** One request after the other, until one fails for what may pass. */
  async #sendRow({ topic, items }: Row, round: Round): Promise<void> {
    for (let at = 0; at < items.length; ) {
      const count = fitting(items.slice(at).map(({ size }) => size));
      if (!(await this.#publish(topic, items.slice(at, at + count), round))) return;
      at += count;
    }
  }

  /** @returns false where some of them are to be sent again */
  async #publish(topic: string, items: readonly Item[], round: Round): Promise<boolean> {
    if (round.over || round.missing.has(topic) || this.#closed) return false;
    const again = (others: 'none' | 'topic' | 'all', error: WatershardError): false => {
      if (others === 'all') round.over = true;
      if (others === 'topic') round.missing.add(topic);
      round.error ??= error;
      return false;
    };
    if (this.#config.createTopic && !this.#known.has(topic)) {
      try {
        await this.#create(topic);
      } catch (e) {
        return again('topic', this.#wrap(`creating ${topic}`, topic, e));
      }
    }
    try {
      await this.#call('publish', topic, { topic, messages: items.map(({ message }) => message) });
    } catch (e) {
      const failure = failureOf(e);
      if (failure.type === 'refused') return await this.#refused(topic, items, failure, round);
      if (failure.others === 'topic') this.#known.delete(topic);
      return again(failure.others, this.#wrap(`publishing to ${topic}`, topic, e));
    }
    for (const { index } of items) round.verdicts[index] = 'stored';
    return true;
  }

  /** One of them is the reason: each half by itself, in order. */
  async #refused(
    topic: string,
    items: readonly Item[],
    { tooLarge, reason }: Extract<ReturnType<typeof failureOf>, { type: 'refused' }>,
    round: Round,
  ): Promise<boolean> {
    const [first] = items;
    if (items.length > 1) {
      const half = Math.ceil(items.length / 2);
      return (
        (await this.#publish(topic, items.slice(0, half), round)) &&
        (await this.#publish(topic, items.slice(half), round))
      );
    }
    if (first !== undefined)
      round.verdicts[first.index] = { code: tooLarge ? 'RECORD_TOO_LARGE' : 'RECORD_REJECTED', reason };
    return true;
  }

  /** The topic is there. Whoever may publish may not always look at a topic; then its right to publish is asked for. */
  async #check(topic: string): Promise<void> {
    try {
      await this.#call('getTopic', topic, { topic });
    } catch (e) {
      if (statusOf(e) === PERMISSION_DENIED && (await this.#mayPublish(topic))) return;
      const fault = this.#wrap(`looking for ${topic}`, topic, e);
      if (fault.code !== 'EXPORTER_TARGET_MISSING' || !this.#config.createTopic) throw fault;
      await this.#create(topic).catch((error: unknown) => {
        throw this.#wrap(`creating ${topic}`, topic, error);
      });
    }
    this.#known.add(topic);
  }

  /** Whether the topic of all records may be published to; undefined where that cannot be asked. */
  mayPublish(): Promise<boolean | undefined> {
    return this.#mayPublish(this.#path(this.#named.topic));
  }

  async #mayPublish(resource: string): Promise<boolean | undefined> {
    const { client } = this.#connection as Connection;
    const request = { resource, permissions: ['pubsub.topics.publish'], toJSON: () => [] };
    try {
      const [{ permissions }] = await client.testIamPermissions(request, { timeout: this.#config.ackTimeout });
      return permissions.length > 0;
    } catch {
      return undefined; // what getTopic said is told
    }
  }

  async #create(topic: string): Promise<void> {
    try {
      await this.#call('createTopic', topic, { name: topic });
      this.#context.logger.info({ exporter: this.#context.name, topic }, 'topic created');
    } catch (e) {
      if (statusOf(e) !== ALREADY_EXISTS) throw e;
    }
    this.#known.add(topic);
  }

  #call(method: keyof Stub, topic: string, request: object): Promise<void> {
    const { stub, metadataFor } = this.#connection as Connection;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const deadline = Date.now() + this.#config.ackTimeout;
    const call = stub[method](request, metadataFor(topic), { deadline }, (error) => {
      this.#calls.delete(call);
      if (error === null || error === undefined) return resolve();
      if (isStale(error)) this.#stale = true;
      reject(error);
    });
    this.#calls.add(call);
    return promise;
  }

  #wrap(doing: string, topic: string, error: unknown): WatershardError {
    const fault = pubsubFault(`${doing} at ${this.#connection?.address}`, error);
    if (fault.code !== 'EXPORTER_TARGET_MISSING') return fault;
    const name = this.#context.name;
    const remedy = `run: gcloud pubsub topics create ${topic}; or set createTopic: true`;
    return new WatershardError(fault.code, `topic ${topic} of exporter ${name} does not exist; ${remedy}`, {
      cause: error,
    });
  }
}
