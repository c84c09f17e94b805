import { randomUUID } from 'node:crypto';
import { isIP } from 'node:net';
import { WatershardError } from '../../model/errors.ts';
import type { ExporterContext } from '../exporter.ts';
import type { RecordSink, SendResult, SinkEvents, Verdict } from '../queued-exporter.ts';
import type { QueuedRecord } from '../record-queue.ts';
import { sendByKey } from '../send-by-key.ts';
import { StallTimer } from '../stall.ts';
import { readTls } from '../tls-files.ts';
import type { Access } from './access-options.ts';
import type { ServicebusConfig } from './config.ts';
import { busFault, type Condition, IDLE, rejectionVerdict } from './errors.ts';
import { accessOf, messageOf, type OutgoingMessage } from './request.ts';

type Driver = typeof import('rhea');
type Connection = import('rhea').Connection;
type Sender = import('rhea').Sender;
type Delivery = import('rhea').Delivery;
type Context = import('rhea').EventContext;
type Options = import('rhea').ConnectionOptions;

/** Bytes of a frame, at most, that is sent or taken. */
const FRAME = 65_536;

interface Link {
  readonly connection: Connection;
  readonly sender: Sender;
  /** What was sent and has no outcome. */
  readonly pending: Map<Delivery, { readonly bytes: number; readonly settle: (verdict: Verdict) => void }>;
  /** Called for every outcome. */
  heard: () => void;
  /** Why it ended. */
  fault?: WatershardError;
}

/**
 * Sends over one link. A message counts as stored when the broker has accepted it; what has no outcome when the link ends is
 * sent again over the next one, in order. Reconnecting is done here, as the library would send what it has kept by itself.
 */
export class ServicebusSink implements RecordSink {
  readonly #driver: Driver;
  readonly #config: ServicebusConfig;
  readonly #context: ExporterContext;
  readonly #events: SinkEvents;
  readonly #entity: string;
  readonly #access: Access;
  readonly #messageOf: (record: QueuedRecord) => OutgoingMessage;
  #link: Link | undefined;
  #opening: Promise<void> | undefined;
  /** Of a connection that is not a link yet. */
  #giveUp: ((error: Error) => void) | undefined;
  /** Why some of what is being sent are to be sent again, over a link that lives. */
  #refusal: WatershardError | undefined;
  #closing = false;

  constructor(driver: Driver, config: ServicebusConfig, context: ExporterContext, events: SinkEvents) {
    this.#driver = driver;
    this.#config = config;
    this.#context = context;
    this.#events = events;
    this.#entity = (config.queue ?? config.topic) as string;
    this.#access = accessOf(config);
    this.#messageOf = messageOf(config, context.cluster, driver.message.data_section);
  }

  /** The broker answers, and takes a link to the entity. */
  open(): Promise<void> {
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async send(records: readonly QueuedRecord[]): Promise<SendResult> {
    await this.open();
    const link = this.#link;
    if (link === undefined) throw this.#wrap(undefined);
    this.#refusal = undefined;
    const stall = new StallTimer(this.#config.ackTimeout, () => this.#stalled(link));
    link.heard = () => stall.heard();
    try {
      const verdicts = await sendByKey(records, (record) => this.#sendOne(link, record));
      if (!verdicts.includes('again')) return { verdicts };
      return { verdicts, error: link.fault ?? this.#refusal ?? this.#wrap(undefined) };
    } finally {
      stall.end();
    }
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#giveUp?.(new Error('closed'));
    const link = this.#link;
    if (link !== undefined) this.#ended(link, new Error('closed'));
  }

  status(): Readonly<Record<string, number | string | boolean>> {
    const { host, port } = this.#access;
    return { host: `${host}:${port}`, entity: this.#entity, connected: this.#link !== undefined };
  }

  async #open(): Promise<void> {
    if (this.#link !== undefined) return;
    const { connectTimeout } = this.#config;
    const container = this.#driver.create_container({ id: `watershard-${this.#context.name}-${randomUUID()}` });
    const connection = container.create_connection(this.#options());
    const opened = Promise.withResolvers<void>();
    const timer = setTimeout(
      () => opened.reject(new Error(`no link within ${connectTimeout / 1000} s`)),
      connectTimeout,
    );
    this.#giveUp = opened.reject;
    try {
      connection.connect();
      const sender = connection.open_sender(this.#target());
      const link: Link = { connection, sender, pending: new Map(), heard: () => undefined };
      follow(connection, (error) => {
        this.#ended(link, error);
        opened.reject(link.fault as WatershardError);
      });
      this.#settle(link);
      // The link of an entity that is missing is opened without a target, and then ended with the reason.
      sender.on('sender_open', () => sender.target?.address && opened.resolve());
      await opened.promise;
      if (link.fault !== undefined) throw link.fault;
      this.#link = link;
    } catch (e) {
      end(connection);
      throw this.#wrap(e);
    } finally {
      clearTimeout(timer);
      this.#giveUp = undefined;
    }
  }

  #target(): Readonly<Record<string, unknown>> {
    const capability = this.#config.queue === undefined ? 'topic' : 'queue';
    return {
      target: { address: this.#entity, capabilities: [capability] },
      source: this.#context.name,
      snd_settle_mode: 0,
      treat_modified_as_released: false,
    };
  }

  #settle(link: Link): void {
    const { sender, pending } = link;
    const outcome = (verdictOf: (bytes: number, delivery: Delivery) => Verdict) => (context: Context) => {
      const { delivery } = context;
      const waiting = delivery && pending.get(delivery);
      if (delivery === undefined || waiting === undefined) return;
      pending.delete(delivery);
      link.heard();
      waiting.settle(verdictOf(waiting.bytes, delivery));
    };
    sender.on(
      'accepted',
      outcome(() => 'stored'),
    );
    sender.on(
      'rejected',
      outcome((bytes, delivery) => this.#rejected(bytes, delivery)),
    );
    const again = (how: string) =>
      outcome(() => {
        this.#refusal ??= this.#wrap(new Error(`the broker did not take a message (${how})`));
        return 'again';
      });
    sender.on('released', again('released'));
    sender.on('modified', again('modified'));
    // Behind the others, where there was one.
    sender.on('settled', again('settled without an outcome'));
  }

  #rejected(bytes: number, delivery: Delivery): Verdict {
    const error = (delivery.remote_state as { error?: Condition } | undefined)?.error;
    const verdict = rejectionVerdict(error, bytes);
    if (verdict === 'again') this.#refusal ??= this.#wrap(error ?? new Error('the broker rejected a message'));
    return verdict;
  }

  #sendOne(link: Link, record: QueuedRecord): Promise<Verdict> | Verdict {
    if (link.fault !== undefined) return 'again';
    const encoded = this.#driver.message.encode(this.#messageOf(record));
    const most = this.#mostBytes(link);
    if (encoded.length > most) {
      const reason = `its message has ${encoded.length} bytes, more than ${most}, the least of maxMessageBytes and what the link of ${this.#entity} takes`;
      return { code: 'RECORD_TOO_LARGE', reason };
    }
    return new Promise((settle) => {
      link.pending.set(link.sender.send(encoded, undefined, 0), { bytes: encoded.length, settle });
    });
  }

  #mostBytes({ sender }: Link): number {
    const own = this.#config.maxMessageBytes;
    // Above 2^53 the library gives bytes; 0 and nothing mean no limit.
    const { max_message_size: theirs } = sender as { max_message_size: unknown };
    return typeof theirs === 'number' && theirs > 0 ? Math.min(own, theirs) : own;
  }

  #stalled(link: Link): void {
    const seconds = this.#config.ackTimeout / 1000;
    if (link.sender.has_credit()) {
      this.#ended(link, new Error(`the broker has settled nothing for ${seconds} s`));
      return;
    }
    const message = `sending to ${this.#entity}: the broker has given no credit for ${seconds} s: it is full, or paused`;
    this.#events.trouble(new WatershardError('EXPORTER_FULL', message));
  }

  /** Comes several times where a connection ends: what is told first says most. */
  #ended(link: Link, error: unknown): void {
    if (link.fault !== undefined) return;
    const fault = this.#wrap(error);
    link.fault = fault;
    const idle = link.pending.size === 0 && IDLE.has(String((error as Condition | undefined)?.condition));
    const open = this.#link === link;
    if (open) this.#link = undefined;
    for (const { settle } of link.pending.values()) settle('again');
    link.pending.clear();
    end(link.connection);
    if (open && !this.#closing && !idle) this.#events.lost(fault);
  }

  #wrap(error: unknown): WatershardError {
    const { host, port } = this.#access;
    const fault = busFault(`sending to ${this.#entity} at ${host}:${port}`, error);
    if (fault.code !== 'EXPORTER_TARGET_MISSING' || fault === error) return fault;
    const text = `${fault.message}; create the ${this.#config.queue === undefined ? 'topic' : 'queue'}`;
    return new WatershardError(fault.code, text, { cause: error });
  }

  #options(): Options {
    const { host, port, tls, user, password } = this.#access;
    const files = typeof this.#config.tls === 'object' ? readTls(this.#config.tls) : {};
    const options = {
      host,
      port,
      hostname: host,
      reconnect: false,
      max_frame_size: FRAME,
      idle_time_out: this.#config.idleTimeout,
      tcp_no_delay: true,
      // Without a user, a broker may still want SASL: it is ANONYMOUS then.
      username: user ?? 'anonymous',
      ...(password === undefined ? {} : { password }),
      ...(tls ? { transport: 'tls', servername: isIP(host) ? '' : host, ...files } : { transport: 'tcp' }),
    };
    return options as Options;
  }
}

/** Whatever ends a connection, its session or its link. The library prints, or throws, what nobody listens to. */
function follow(connection: Connection, ended: (error: unknown) => void): void {
  const told = (context: Context): void => {
    const { error, session, sender } = context as Context & { error?: unknown };
    ended(error ?? sender?.error ?? session?.error ?? connection.error);
  };
  for (const event of ['connection_error', 'connection_close', 'session_error', 'session_close'])
    connection.on(event, told);
  for (const event of ['sender_error', 'sender_close', 'disconnected']) connection.on(event, told);
  for (const event of ['protocol_error', 'error']) connection.on(event, ended);
}

/** Says goodbye. The library lets go of its timers when its socket fails. */
function end(connection: Connection): void {
  const { socket } = connection as unknown as { socket?: { destroy(error: Error): void } };
  connection.close();
  setImmediate(() => socket?.destroy(new Error('closed')));
}
