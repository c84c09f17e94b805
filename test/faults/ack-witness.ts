import { connect, type Msg, type NatsConnection } from '@nats-io/transport-node';
import type { SeenRecord } from '../support/stream-reader.ts';

/**
 * A subscriber beside a stream, which sees what is published and what the server answers to it: what a stream had stored
 * can be told when an administrator has deleted it.
 */
export class AckWitness {
  /** What was acknowledged as stored, by id. */
  readonly stored = new Map<string, SeenRecord>();
  readonly #connection: NatsConnection;
  /** By the subject that the answer will come on. */
  readonly #published = new Map<string, Msg>();
  readonly #answers = new Map<string, Msg[]>();

  private constructor(connection: NatsConnection) {
    this.#connection = connection;
    connection.subscribe('>', { callback: (_, message) => this.#see(message) });
  }

  static async start(servers: string | string[]): Promise<AckWitness> {
    const witness = new AckWitness(await connect({ servers }));
    await witness.#connection.flush();
    return witness;
  }

  /** Subjects on which answers are waited for. */
  get inboxes(): string[] {
    return [...this.#published.keys()];
  }

  publish(subject: string, payload: Uint8Array): void {
    this.#connection.publish(subject, payload);
  }

  async flush(): Promise<void> {
    await this.#connection.flush();
  }

  async stop(): Promise<void> {
    await this.#connection.drain();
  }

  /** The server delivers a message and answers it from two goroutines: either may come here first. */
  #see(message: Msg): void {
    if (!message.subject.startsWith('k8s.')) {
      if (message.data.length === 0) return;
      this.#answers.set(message.subject, [...(this.#answers.get(message.subject) ?? []), message]);
      this.#match(message.subject);
    } else if (message.reply !== undefined) {
      this.#published.set(message.reply, message);
      this.#match(message.reply);
    }
  }

  #match(inbox: string): void {
    const published = this.#published.get(inbox);
    if (published === undefined) return;
    for (const answer of this.#answers.get(inbox) ?? []) this.#answered(published, answer);
    this.#answers.delete(inbox);
  }

  #answered(published: Msg, answer: Msg): void {
    const { seq, error } = answer.json<{ seq?: number; error?: unknown }>();
    const messageId = published.headers?.get('Nats-Msg-Id') ?? '';
    if (error !== undefined || seq === undefined || this.stored.has(messageId)) return;
    const record = published.json<SeenRecord>();
    this.stored.set(messageId, { ...record, subject: published.subject, sequence: seq, messageId });
  }
}
