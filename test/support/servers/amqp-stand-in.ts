import { setImmediate } from 'node:timers/promises';
import rhea, { type Connection, type EventContext, type Receiver, type ServerConnectionOptions } from 'rhea';
import { freePort } from './process.ts';

export interface Received {
  readonly id: string;
  readonly group: string | undefined;
  readonly annotations: Readonly<Record<string, unknown>>;
  readonly body: string;
}

type Answer =
  | 'accept'
  | 'release'
  | 'modify'
  | 'silence'
  | { readonly condition: string; readonly description?: string };

/**
 * A server of AMQP 1.0 in this process that answers as Azure Service Bus is said to, where no other does: outcomes, ends of
 * links, a limit of messages. `answer` decides about each message; only accepted ones are kept.
 */
export class AmqpStandIn {
  readonly stored: Received[] = [];
  /** Ids in the order in which they came, whatever was answered. */
  readonly seen: string[] = [];
  answer: (id: string, nth: number) => Answer = () => 'accept';
  /** Entities that are not there. */
  readonly missing = new Set<string>();
  maxMessageSize: number | undefined;
  credit = 500;
  #answers: Promise<void> = Promise.resolve();
  readonly #container = rhea.create_container({ id: 'stand-in' });
  readonly #connections = new Set<Connection>();
  #server: { close(): void } | undefined;
  port = 0;
  logins = 0;

  static async start(credentials?: { readonly user: string; readonly password: string }): Promise<AmqpStandIn> {
    const server = new AmqpStandIn();
    server.port = await freePort();
    if (credentials !== undefined) {
      server.#container.sasl_server_mechanisms.enable_plain((user: string, password: string) => {
        server.logins++;
        return user === credentials.user && password === credentials.password;
      });
    }
    server.#listen();
    return server;
  }

  /** Ends every link, as an idle or moved entity does. */
  detach(condition: string): void {
    for (const connection of this.#connections)
      connection.each_receiver((receiver: Receiver) => {
        receiver.close({ condition, description: `it is ${condition}` });
      }, undefined as never);
  }

  stop(): void {
    for (const connection of this.#connections) connection.close();
    this.#server?.close();
  }

  #listen(): void {
    const container = this.#container;
    container.options.autoaccept = false;
    for (const event of ['disconnected', 'connection_close', 'receiver_close', 'error', 'protocol_error'])
      container.on(event, () => undefined);
    container.on('connection_open', ({ connection }: EventContext) => this.#connections.add(connection));
    container.on('disconnected', ({ connection }: EventContext) => this.#connections.delete(connection));
    container.on('receiver_open', (context: EventContext) => this.#attached(context));
    container.on('message', (context: EventContext) => this.#received(context));
    const options = { host: '127.0.0.1', port: this.port, receiver_options: { credit_window: 0 } };
    this.#server = container.listen(options as unknown as ServerConnectionOptions) as { close(): void };
  }

  #attached({ receiver }: EventContext): void {
    if (receiver === undefined) return;
    const address = String(receiver.target?.address);
    if (this.missing.has(address)) {
      receiver.close({
        condition: 'amqp:not-found',
        description: `The messaging entity '${address}' could not be found.`,
      });
      return;
    }
    receiver.set_target({ address });
    if (this.maxMessageSize !== undefined)
      (receiver as unknown as { local: { attach: { max_message_size: number } } }).local.attach.max_message_size =
        this.maxMessageSize;
    receiver.add_credit(this.credit);
  }

  #received({ receiver, message, delivery }: EventContext): void {
    if (message === undefined || delivery === undefined) return;
    const id = String(message.message_id);
    const nth = this.seen.filter((seen) => seen === id).length;
    this.seen.push(id);
    receiver?.add_credit(1);
    const answer = this.answer(id, nth);
    if (answer === 'accept') {
      this.stored.push({
        id,
        group: message.group_id,
        annotations: { ...message.message_annotations },
        body: String((message.body as { content: Buffer }).content),
      });
    }
    // Each in a disposition of its own: the library takes two that go out together for the same.
    this.#answers = this.#answers.then(() => {
      if (answer === 'accept') delivery.accept();
      else if (answer === 'release') delivery.release();
      else if (answer === 'modify') delivery.modified({ delivery_failed: true });
      else if (answer !== 'silence') delivery.reject({ description: '', ...answer });
      return setImmediate();
    });
  }
}
