import { PubSub, type Subscription, v1 } from '@google-cloud/pubsub';

export interface PubsubMessage {
  readonly data: Buffer;
  readonly attributes: Readonly<Record<string, string>>;
  readonly orderingKey: string;
}

const PROJECT = 'test';

export interface SubscriptionSettings {
  readonly filter?: string;
  readonly enableMessageOrdering?: boolean;
}

/** A consumer with Google's client: topics and their subscriptions, and what these are given. */
export class PubsubReader {
  readonly #pubsub: PubSub;
  readonly #subscriber: InstanceType<typeof v1.SubscriberClient>;
  readonly #read = new Map<string, PubsubMessage[]>();

  /** @param endpoint host:port of an emulator */
  constructor(endpoint: string) {
    this.#pubsub = new PubSub({
      ...{ apiEndpoint: endpoint, emulatorMode: true, projectId: PROJECT },
      clientOptions: { universeDomain: 'googleapis.com' },
    });
    const { servicePath, port, sslCreds } = this.#pubsub.options;
    this.#subscriber = new v1.SubscriberClient({
      ...{ servicePath: servicePath ?? '', port: Number(port), sslCreds: sslCreds as never },
      clientOptions: { universeDomain: 'googleapis.com' },
    });
  }

  async createTopic(topic: string): Promise<void> {
    await this.#pubsub.createTopic(topic);
  }

  async deleteTopic(topic: string): Promise<void> {
    await this.#pubsub.topic(topic).delete();
  }

  /** From now on; ordered unless it is said. */
  async subscribe(topic: string, name = topic, settings: SubscriptionSettings = {}): Promise<Subscription> {
    const options = { enableMessageOrdering: true, ackDeadlineSeconds: 600, ...settings };
    const [subscription] = await this.#pubsub.topic(topic).createSubscription(name, options);
    return subscription;
  }

  /** Everything that the subscription was given so far, in its order. After a restart of the server it gives all again: `forget` then. */
  async read(name: string): Promise<PubsubMessage[]> {
    const read = this.#read.get(name) ?? [];
    this.#read.set(name, read);
    const subscription = `projects/${PROJECT}/subscriptions/${name}`;
    for (;;) {
      const [{ receivedMessages }] = await this.#subscriber.pull({
        subscription,
        maxMessages: 1000,
        returnImmediately: true,
      });
      if (receivedMessages === null || receivedMessages === undefined || receivedMessages.length === 0) return read;
      const ackIds: string[] = [];
      for (const { ackId, message } of receivedMessages) {
        ackIds.push(ackId ?? '');
        read.push({
          data: Buffer.from((message?.data ?? '') as Uint8Array),
          attributes: message?.attributes ?? {},
          orderingKey: message?.orderingKey ?? '',
        });
      }
      await this.#subscriber.acknowledge({ subscription, ackIds });
    }
  }

  forget(): void {
    this.#read.clear();
  }

  async close(): Promise<void> {
    await Promise.all([this.#pubsub.close(), this.#subscriber.close()]);
  }
}
