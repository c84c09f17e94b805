import { setImmediate as soon } from 'node:timers/promises';
import { connect, errors, type MsgHdrs, type NatsConnection, type PublishOptions } from '@nats-io/transport-node';
import { WatershardError } from '../../model/errors.ts';
import { backoffDelay } from '../backoff.ts';
import type { ExporterContext } from '../exporter.ts';
import { natsConnection, natsFault } from '../nats-connection.ts';
import type { RecordSink, SendResult, SinkEvents, Verdict } from '../queued-exporter.ts';
import type { QueuedRecord } from '../record-queue.ts';
import { shownSubject } from '../shown-subject.ts';
import { sinkError } from '../trouble.ts';
import type { NatsConfig } from './config.ts';
import { headerBytes, subjectFault } from './request.ts';

/**
 * Publishes to subjects of core NATS. The server answers a publish with nothing; that it answers the PING behind some
 * tells that it has read them, and no more. What was published on a connection that broke before is published again.
 */
export class NatsSink implements RecordSink {
  readonly #config: NatsConfig;
  readonly #context: ExporterContext;
  readonly #events: SinkEvents;
  #connection: NatsConnection | undefined;
  #failures = 0;
  /** Connections that broke so far. */
  #breaks = 0;
  #down = false;
  #forbidden: WatershardError | undefined;
  #closing = false;

  constructor(config: NatsConfig, context: ExporterContext, events: SinkEvents) {
    this.#config = config;
    this.#context = context;
    this.#events = events;
  }

  async open(): Promise<void> {
    let connection: NatsConnection;
    try {
      connection = await connect(
        natsConnection(this.#config, this.#context.cluster, () => backoffDelay(this.#failures)),
      );
    } catch (e) {
      throw natsFault(this.#config, e);
    }
    if (this.#closing) {
      await connection.close();
      return;
    }
    this.#failures = 0;
    this.#down = false;
    this.#connection = connection;
    void this.#follow(connection);
  }

  async send(records: readonly QueuedRecord[]): Promise<SendResult> {
    if (this.#connection === undefined) await this.open();
    const connection = this.#connection;
    // What is published while it is down would be kept by the library for later, or not.
    if (connection === undefined || this.#down) throw this.#broken();
    const breaks = this.#breaks;
    this.#forbidden = undefined;
    const verdicts = records.map((record) => this.#publish(connection, record));
    try {
      await connection.flush();
    } catch (e) {
      throw sinkError(this.#context.name, e);
    }
    // A refusal is read before the answer to the PING, but comes to `#follow` a few promises later.
    await soon();
    if (breaks !== this.#breaks) throw this.#broken();
    const error = this.#forbidden as WatershardError | undefined;
    if (error !== undefined) return { verdicts: verdicts.map((v) => (v === 'stored' ? 'again' : v)), error };
    return { verdicts };
  }

  async close(): Promise<void> {
    this.#closing = true;
    await this.#connection?.close();
  }

  status(): Readonly<Record<string, number | string | boolean>> {
    return { server: this.#down ? '' : (this.#connection?.getServer() ?? '') };
  }

  #publish(connection: NatsConnection, record: QueuedRecord): Verdict {
    const fault = subjectFault(record.subject);
    if (fault !== undefined) return { code: 'RECORD_REJECTED', reason: fault };
    const head = this.#config.encoding === 'kollect' ? undefined : headerBytes(record);
    const size = record.payload.length + (head?.length ?? 0);
    const most = connection.info?.max_payload ?? Number.POSITIVE_INFINITY;
    if (size > most)
      return {
        code: 'RECORD_TOO_LARGE',
        reason: `${size} bytes are more than the ${most} of the server's max_payload`,
      };
    const options: PublishOptions = head === undefined ? {} : { headers: encoded(head) };
    connection.publish(record.subject, record.payload, options);
    return 'stored';
  }

  async #follow(connection: NatsConnection): Promise<void> {
    for await (const status of connection.status()) {
      if (this.#closing) return;
      if (status.type === 'reconnecting') this.#failures++;
      else if (status.type === 'disconnect') {
        this.#breaks++;
        this.#down = true;
        this.#events.trouble(this.#broken());
      } else if (status.type === 'reconnect') {
        this.#failures = 0;
        this.#down = false;
      } else if (status.type === 'staleConnection') {
        // The library would flush what it has first, which takes for ever where the other end does not read.
        void connection.close();
      } else if (status.type === 'error' && status.error instanceof errors.PermissionViolationError) {
        const message = `the NATS user may not publish to ${shownSubject(status.error.subject, this.#config.subject)}`;
        this.#forbidden = new WatershardError('EXPORTER_REFUSED', message, { cause: status.error });
      }
    }
    if (this.#closing) return;
    this.#breaks++;
    this.#connection = undefined;
    const closed = await connection.closed();
    this.#events.trouble(natsFault(this.#config, closed ?? new Error('the connection was closed')));
  }

  #broken(): WatershardError {
    return sinkError(this.#context.name, new Error('the connection to NATS is broken'));
  }
}

/** The library only calls `encode` of the headers that it publishes. */
function encoded(bytes: Uint8Array): MsgHdrs {
  return { encode: () => bytes } as unknown as MsgHdrs;
}
