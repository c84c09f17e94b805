import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { WatershardError } from '../../model/errors.ts';
import type { ExporterContext } from '../exporter.ts';
import type { RecordSink, SendResult, SinkEvents, Verdict } from '../queued-exporter.ts';
import type { QueuedRecord } from '../record-queue.ts';
import { sendByKey } from '../send-by-key.ts';
import { shownSubject } from '../shown-subject.ts';
import { StallTimer } from '../stall.ts';
import { readTls } from '../tls-files.ts';
import type { RabbitmqConfig } from './config.ts';
import { messageLimit, rabbitFault } from './errors.ts';
import { addressOf, messageProperties, type Properties, routingKeyFault } from './request.ts';

type Driver = typeof import('amqplib');
type Model = import('amqplib').ChannelModel;
type ConfirmChannel = import('amqplib').ConfirmChannel;

/** How long a node may take to say goodbye. */
const GOODBYE_MS = 500;
/** Reply of a broker to a message that it cannot take. */
const PRECONDITION_FAILED = 406;

interface Link {
  readonly model: Model;
  readonly channel: ConfirmChannel;
  /** Host and port. */
  readonly node: string;
  /** Messages that came back, by their message-id; the confirmation comes behind. */
  readonly returned: Map<string, string>;
  /** Why it ended. */
  fault?: WatershardError;
  /** Why the broker takes no messages at present. */
  blocked?: string;
}

/**
 * Publishes to an exchange with confirms. A message counts as stored when the broker has confirmed it and has not given it
 * back; what is not confirmed when a connection or channel ends is published again on the next one, in order.
 */
export class RabbitmqSink implements RecordSink {
  readonly #driver: Driver;
  readonly #config: RabbitmqConfig;
  readonly #context: ExporterContext;
  readonly #events: SinkEvents;
  readonly #propertiesOf: (record: QueuedRecord) => Properties;
  #link: Link | undefined;
  #opening: Promise<void> | undefined;
  /** Index of the address that is tried next. */
  #next = 0;
  #mostBytes: number;
  /** Why some of what is being sent are to be sent again, on a connection that lives. */
  #refusal: WatershardError | undefined;
  #closing = false;
  readonly #ending = new AbortController();

  constructor(driver: Driver, config: RabbitmqConfig, context: ExporterContext, events: SinkEvents) {
    this.#driver = driver;
    this.#config = config;
    this.#context = context;
    this.#events = events;
    this.#propertiesOf = messageProperties(config, context.cluster);
    this.#mostBytes = config.maxRecordBytes;
  }

  /** A node answers, and the exchange is there. */
  open(): Promise<void> {
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async send(records: readonly QueuedRecord[]): Promise<SendResult> {
    await this.open();
    const link = this.#link;
    if (link === undefined) throw this.#broken();
    this.#refusal = undefined;
    if (link.blocked !== undefined) this.#events.trouble(this.#blocked(link));
    const stall = new StallTimer(this.#config.confirmTimeout, () => this.#events.trouble(this.#stalled(link)));
    try {
      const verdicts = await sendByKey(records, (record) => this.#fault(record) ?? this.#publish(link, record, stall));
      if (!verdicts.includes('again')) return { verdicts };
      return { verdicts, error: link.fault ?? this.#refusal ?? this.#broken() };
    } finally {
      stall.end();
    }
  }

  /**
   * Publishes what the broker refuses after it has looked at the exchange and at the right to write to it: a message whose time to
   * live is no number. It ends the connection.
   * @returns what the broker said; no words where it is not known to do so, and was not asked
   * @throws WatershardError where it refused for another reason
   */
  async tryRefused(routingKey: string): Promise<{ readonly node: string; readonly words?: string }> {
    const link = this.#link;
    if (link === undefined) throw this.#broken();
    const { node, model, channel } = link;
    const { product } = model.connection.serverProperties;
    if (product !== 'RabbitMQ') return { node };
    const answered = Promise.withResolvers<Error | undefined>();
    channel.once('error', answered.resolve);
    model.once('close', () => answered.resolve(undefined));
    // Of two reasons one is enough: a user who is not us, and a time to live that is none.
    const properties = { expiration: 'watershard-doctor', userId: 'watershard-doctor' };
    channel.publish(this.#config.exchange, routingKey, Buffer.alloc(0), properties, () => answered.resolve(undefined));
    const error = await answered.promise;
    if (error === undefined)
      throw new WatershardError(
        'EXPORTER_UNREACHABLE',
        `RabbitMQ at ${node} gave no answer to a message that it has to refuse`,
      );
    if ((error as { code?: unknown }).code !== PRECONDITION_FAILED) throw this.#named(error);
    return { node, words: error.message };
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#ending.abort();
    const link = this.#link;
    this.#link = undefined;
    if (link !== undefined) await dispose(link.model);
  }

  status(): Readonly<Record<string, number | string | boolean>> {
    const { exchange } = this.#config;
    return { exchange, node: this.#link?.node ?? '', blocked: this.#link?.blocked !== undefined };
  }

  async #open(): Promise<void> {
    if (this.#link !== undefined) return;
    const { urls } = this.#config;
    let fault: WatershardError | undefined;
    for (let i = 0; i < urls.length && !this.#closing; i++) {
      const url = urls[this.#next % urls.length] as string;
      try {
        this.#link = await this.#connect(url);
        return;
      } catch (e) {
        // What a node says is worth more than that another does not answer.
        const { hostname, port, vhost } = addressOf(url, this.#config);
        const error = rabbitFault(`connecting to RabbitMQ at ${hostname}:${port}, virtual host ${vhost}`, e);
        if (fault === undefined || fault.code === 'EXPORTER_UNREACHABLE') fault = error;
        this.#next++;
      }
    }
    throw fault ?? this.#broken();
  }

  async #connect(url: string): Promise<Link> {
    const { heartbeat, connectTimeout, tls } = this.#config;
    const address = addressOf(url, this.#config);
    const options = {
      timeout: connectTimeout,
      noDelay: true,
      signal: this.#ending.signal,
      clientProperties: { connection_name: `watershard ${this.#context.name}` },
      ...(address.protocol === 'amqps' && tls !== undefined ? readTls(tls) : {}),
    };
    const seconds = Math.max(1, Math.round(heartbeat / 1000));
    const model = await this.#driver.connect({ ...address, heartbeat: seconds }, options);
    let link: Link | undefined;
    let early: Error | undefined;
    const ended = (error = new Error('the connection was closed')): void => {
      if (link === undefined) early ??= error;
      else this.#ended(link, error);
    };
    model.on('error', ended);
    model.on('close', ended);
    try {
      const channel = await model.createConfirmChannel();
      channel.on('error', ended);
      channel.on('close', () => ended());
      await this.#findExchange(channel);
      if (this.#closing) throw this.#broken();
      if (early !== undefined) throw early;
      link = { model, channel, node: `${address.hostname}:${address.port}`, returned: new Map() };
      this.#follow(link);
      return link;
    } catch (e) {
      void dispose(model);
      throw e;
    }
  }

  async #findExchange(channel: ConfirmChannel): Promise<void> {
    const { exchange, createExchange } = this.#config;
    if (exchange === '') return;
    try {
      if (createExchange === false) await channel.checkExchange(exchange);
      else await channel.assertExchange(exchange, createExchange.type, { durable: createExchange.durable });
    } catch (cause) {
      if ((cause as { code?: unknown }).code === 406 && createExchange !== false) {
        const text = `exchange ${exchange} of exporter ${this.#context.name} is there with other settings than createExchange names: ${rabbitFault('declaring it', cause).message}`;
        throw new WatershardError('EXPORTER_MISCONFIGURED', text, { cause });
      }
      throw this.#named(cause);
    }
  }

  #follow(link: Link): void {
    const { model, channel } = link;
    channel.on('return', ({ properties, fields }) => {
      const { replyText } = fields as unknown as { replyText: string };
      link.returned.set(String(properties.messageId), replyText);
    });
    // The broker tells only who publishes, and reads nothing more of this connection until the alarm is over.
    model.on('blocked', (reason) => {
      link.blocked = reason;
      this.#events.trouble(this.#blocked(link));
    });
    model.on('unblocked', () => {
      delete link.blocked;
    });
  }

  /** Comes several times where a connection ends: what is told first says most. */
  #ended(link: Link, error: unknown): void {
    if (link.fault !== undefined) return;
    const limit = messageLimit(error);
    if (limit !== undefined) this.#mostBytes = Math.min(this.#mostBytes, limit);
    link.fault = this.#named(error);
    if (this.#link === link) this.#link = undefined;
    if (this.#closing) return;
    void dispose(link.model);
    this.#events.lost(link.fault);
  }

  #publish(link: Link, record: QueuedRecord, stall: StallTimer): Promise<Verdict> {
    return new Promise((resolve) => {
      const { payload, subject } = record;
      const properties = this.#propertiesOf(record);
      const body = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
      const confirmed = (error: unknown): void => {
        stall.heard();
        resolve(this.#verdict(link, record, properties.messageId, error));
      };
      try {
        link.channel.publish(this.#config.exchange, subject, body, properties, confirmed);
      } catch (e) {
        this.#ended(link, e); // where the channel has ended and has told why, this is ignored
        resolve('again');
      }
    });
  }

  #verdict(link: Link, { subject }: QueuedRecord, messageId: string, error: unknown): Verdict {
    const returned = link.returned.get(messageId);
    link.returned.delete(messageId);
    const { exchange, routingKey, unroutable } = this.#config;
    if (error !== null) {
      this.#refusal ??= new WatershardError(
        'EXPORTER_FULL',
        `RabbitMQ at ${link.node} refused messages to exchange ${exchange}: a queue is full, or has a fault`,
      );
      return 'again';
    }
    if (returned === undefined) return 'stored';
    const unbound = (key: string) =>
      `no queue of RabbitMQ is bound to exchange '${exchange}' for routing key '${key}' (${returned})`;
    if (unroutable === 'drop') return { code: 'RECORD_UNROUTABLE', reason: unbound(subject) };
    const reason = unbound(shownSubject(subject, routingKey));
    this.#refusal ??= new WatershardError('EXPORTER_TARGET_MISSING', `${reason}; bind one, or set unroutable: drop`);
    return 'again';
  }

  #fault({ payload, subject }: QueuedRecord): Verdict | undefined {
    if (payload.length > this.#mostBytes) {
      const reason = `${payload.length} bytes are more than ${this.#mostBytes}, the least of maxRecordBytes and max_message_size of the broker`;
      return { code: 'RECORD_TOO_LARGE', reason };
    }
    const reason = routingKeyFault(subject);
    return reason === undefined ? undefined : { code: 'RECORD_REJECTED', reason };
  }

  #stalled(link: Link): WatershardError {
    if (link.blocked !== undefined) return this.#blocked(link);
    const message = `RabbitMQ at ${link.node} has confirmed nothing for ${this.#config.confirmTimeout / 1000} s`;
    return new WatershardError('EXPORTER_UNREACHABLE', message);
  }

  #blocked({ node, blocked }: Link): WatershardError {
    return new WatershardError('EXPORTER_FULL', `RabbitMQ at ${node} blocks those who publish: ${blocked}`);
  }

  #named(error: unknown): WatershardError {
    const { exchange } = this.#config;
    const fault = rabbitFault(`publishing to exchange '${exchange}' of RabbitMQ`, error);
    if (fault.code !== 'EXPORTER_TARGET_MISSING') return fault;
    const text = `${fault.message}; run: rabbitmqadmin declare exchange name=${exchange} type=topic; or set createExchange: true`;
    return new WatershardError('EXPORTER_TARGET_MISSING', text, { cause: error });
  }

  #broken(): WatershardError {
    return new WatershardError('EXPORTER_UNREACHABLE', 'the connection to RabbitMQ is closed');
  }
}

/** Says goodbye, and does not wait long for an answer. */
async function dispose(model: Model): Promise<void> {
  const { stream } = model.connection as unknown as { stream: Duplex };
  try {
    await Promise.race([model.close(), sleep(GOODBYE_MS)]);
  } catch {
    // it is closed already
  } finally {
    stream.destroy();
  }
}
