import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';

/** To a subscriber by HTTP this server tells no attributes. */
export interface Notification {
  readonly Message: string;
}

/** Gets what topics of the server deliver, which it does before it answers whoever publishes: so it outlives the server. */
export class SnsListener {
  readonly #server: Server;
  readonly #client: SNSClient;
  /** By path. */
  readonly #heard = new Map<string, Notification[]>();

  constructor(endpoint: string) {
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test-secret' };
    this.#client = new SNSClient({ endpoint, region: 'us-east-1', credentials, maxAttempts: 8 });
    this.#server = createServer(async (request, response) => {
      const message = JSON.parse(await text(request)) as Notification;
      this.heard(request.url?.slice(1) ?? '').push(message);
      response.end();
    });
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  async stop(): Promise<void> {
    this.#client.destroy();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Of the topic of this name, in the order in which it came. */
  heard(name: string): Notification[] {
    const own = this.#heard.get(name) ?? [];
    this.#heard.set(name, own);
    return own;
  }

  /** @returns the ARN of the new topic */
  async create(name: string): Promise<string> {
    const Attributes = name.endsWith('.fifo') ? { FifoTopic: 'true' } : {};
    const { TopicArn = '' } = await this.#client.send(new CreateTopicCommand({ Name: name, Attributes }));
    return TopicArn;
  }

  async listen(arn: string): Promise<void> {
    const { port } = this.#server.address() as AddressInfo;
    await this.subscribe(arn, 'http', `http://127.0.0.1:${port}/${arn.split(':').at(-1)}`);
  }

  async subscribe(arn: string, protocol: 'http' | 'sqs', endpoint: string): Promise<void> {
    const Attributes = protocol === 'sqs' ? { RawMessageDelivery: 'true' } : {};
    await this.#client.send(
      new SubscribeCommand({ TopicArn: arn, Protocol: protocol, Endpoint: endpoint, Attributes }),
    );
  }
}
