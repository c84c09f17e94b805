import {
  type ConnectionOptions,
  connect,
  createInbox,
  errors,
  type Msg,
  type MsgHdrs,
  type NatsConnection,
  type Subscription,
} from '@nats-io/transport-node';
import { WatershardError } from '../../model/errors.ts';
import { backoffDelay } from '../backoff.ts';
import { natsConnection, natsFault } from '../nats-connection.ts';
import { shownSubject } from '../shown-subject.ts';
import { tapAnswers } from './answer-tap.ts';
import type { JetStreamConfig } from './config.ts';
import { FrameSender } from './frame-sender.ts';
import type { Message } from './message.ts';
import { readToken, replyLength, replySubject } from './reply.ts';
import { type Answer, answerReader, STORED } from './request.ts';

export interface ClientEvents {
  /** The server's answer to the publish with this token. */
  answered(token: number, answer: Answer): void;
  /** The connection broke: what was published and not answered may or may not be stored. */
  disconnected(): void;
  /** Connected again, after `disconnected`. */
  reconnected(): void;
  /** The connection will not come back by itself: `connect` again. */
  closed(error: WatershardError): void;
  /** The server refused a publish or a subscription for lack of permission; a publish is not answered then. */
  forbidden(error: WatershardError, subject: string): void;
}

/**
 * One connection and one wildcard subscription for all acknowledgements. The library's own publish makes a promise, a timer
 * and a stack trace a message, and gives up with a timeout when the connection breaks; here a token in the reply
 * subject leads back to the message.
 */
export class NatsClient {
  readonly #config: JetStreamConfig;
  readonly #cluster: string;
  readonly #events: ClientEvents;
  readonly #readAnswer: ReturnType<typeof answerReader>;
  #connection: NatsConnection | undefined;
  #inbox = '';
  #subscription: Subscription | undefined;
  #frames: FrameSender | undefined;
  #failures = 0;
  #closing = false;

  constructor(config: JetStreamConfig, cluster: string, events: ClientEvents) {
    this.#config = config;
    this.#cluster = cluster;
    this.#events = events;
    this.#readAnswer = answerReader(config.stream);
  }

  get connection(): NatsConnection | undefined {
    return this.#connection;
  }

  /** Bytes of headers and payload that the server takes at most; undefined while it is not known. */
  get maxPayload(): number | undefined {
    return this.#connection?.info?.max_payload;
  }

  /**
   * One attempt at each of the servers.
   * @throws WatershardError EXPORTER_REFUSED, EXPORTER_UNREACHABLE or EXPORTER_MISCONFIGURED
   */
  async connect(): Promise<void> {
    let connection: NatsConnection;
    try {
      connection = await connect(this.#options());
    } catch (e) {
      throw natsFault(this.#config, e);
    }
    if (this.#closing) {
      await connection.close();
      return;
    }
    this.#connection = connection;
    this.#failures = 0;
    this.#inbox = createInbox(this.#config.inboxPrefix);
    const fits = replySubject(this.#inbox, 0).length === replyLength(this.#config.inboxPrefix);
    this.#frames = fits ? FrameSender.on(connection, this.#inbox) : undefined;
    tapAnswers(connection, this.#inbox, this.#config.stream, (token) => this.#events.answered(token, STORED));
    this.#subscription = undefined;
    void this.#follow(connection);
    await this.subscribe();
  }

  /**
   * Subscribes to the answers, unless it is: the library drops a subscription for good when it was not permitted.
   * @throws WatershardError EXPORTER_REFUSED
   */
  async subscribe(): Promise<void> {
    if (this.#connection === undefined || this.#subscription?.isClosed() === false) return;
    const subscription = this.#connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => this.#received(error, message),
    });
    this.#subscription = subscription;
    await this.#connection.flush(); // a refusal comes before the answer to this
    if (subscription.isClosed())
      throw this.#forbidden(`subscribe to ${this.#inbox}.*`, new Error('permissions violation'));
  }

  /** Throws what the library throws for an argument that it does not take. The payload must not change until it is sent. */
  publish(token: number, subject: string, headers: Uint8Array, payload: Uint8Array): void {
    const reply = replySubject(this.#inbox, token);
    this.#connection?.publish(subject, payload, { reply, headers: encoded(headers) });
  }

  /** The same, as the lane has the message, with the next `flush`. @returns false where that cannot be done */
  publishFrame(message: Message): boolean {
    if (this.#connection === undefined || this.#frames === undefined) return false;
    this.#frames.add(message);
    return true;
  }

  flush(): void {
    this.#frames?.flush();
  }

  async close(): Promise<void> {
    this.#closing = true;
    await this.#connection?.close();
  }

  #options(): ConnectionOptions {
    const options = natsConnection(this.#config, this.#cluster, () => backoffDelay(this.#failures));
    return { ...options, inboxPrefix: this.#config.inboxPrefix };
  }

  #received(error: Error | null, message: Msg): void {
    if (error !== null) {
      this.#events.forbidden(this.#forbidden('read the answers of the server', error), this.#inbox);
      return;
    }
    // Answers are small and come by the thousand: the status is only looked for where there is no data.
    const { data } = message;
    const status = data.length === 0 ? (message.headers?.code ?? 0) : 0;
    this.#events.answered(readToken(subjectBytes(message), this.#inbox.length + 1), this.#readAnswer(data, status));
  }

  async #follow(connection: NatsConnection): Promise<void> {
    let stale = false;
    for await (const status of connection.status()) {
      if (this.#closing) return;
      if (status.type === 'reconnecting') this.#failures++;
      else if (status.type === 'disconnect') this.#events.disconnected();
      else if (status.type === 'reconnect') {
        this.#failures = 0;
        this.#events.reconnected();
      } else if (status.type === 'staleConnection') {
        // The library would flush what it has first, which takes for ever where the other end does not read.
        stale = true;
        void connection.close();
      } else if (status.type === 'error' && status.error instanceof errors.PermissionViolationError) {
        const { operation, subject } = status.error;
        // What asked for it is told: the check of the stream, or a put into the object store.
        if (subject.startsWith('$JS.API.') || subject.startsWith('$O.')) continue;
        const what =
          operation === 'publish'
            ? `publish to ${shownSubject(subject, this.#config.subject)}`
            : `subscribe to ${subject}`;
        this.#events.forbidden(this.#forbidden(what, status.error), subject);
      }
    }
    if (this.#closing) return;
    const closed = await connection.closed();
    this.#connection = undefined;
    this.#frames = undefined;
    const reason = stale ? new Error('the server does not answer pings') : closed;
    this.#events.closed(natsFault(this.#config, reason ?? new Error('the connection was closed')));
  }

  #forbidden(what: string, cause: Error): WatershardError {
    return new WatershardError('EXPORTER_REFUSED', `the NATS user may not ${what}`, { cause });
  }
}

/** The library keeps what it has read, and makes a string of it only where it is asked. */
function subjectBytes(message: Msg): Uint8Array {
  const read = (message as Msg & { readonly _msg?: { readonly subject?: unknown } })._msg?.subject;
  return read instanceof Uint8Array ? read : Buffer.from(message.subject);
}

/** The library only calls `encode` of the headers that it publishes; request.test.ts compares the bytes with the library's own. */
function encoded(bytes: Uint8Array): MsgHdrs {
  return { encode: () => bytes } as unknown as MsgHdrs;
}
