import type { BatchAnswer, BatchTarget } from '../aws-batch-sink.ts';
import { clientSettings, isDenied } from '../aws-connection.ts';
import { withRenewedKey } from '../aws-key.ts';
import type { AwsMessage } from '../aws-message.ts';
import type { SqsConfig } from './config.ts';
import { queuePlace } from './request.ts';

type Sdk = typeof import('@aws-sdk/client-sqs');
type SQSClient = import('@aws-sdk/client-sqs').SQSClient;

/** A queue of SQS. */
export class SqsTarget implements BatchTarget {
  readonly name: string;
  readonly create: string;
  readonly #sdk: Sdk;
  readonly #client: SQSClient;
  readonly #config: SqsConfig;
  #url: string | undefined;

  constructor(sdk: Sdk, config: SqsConfig) {
    const { name, url, endpoint, region, fifo } = queuePlace(config);
    this.name = `queue ${name}`;
    this.create = `aws sqs create-queue --queue-name ${name}${fifo ? ' --attributes FifoQueue=true' : ''}`;
    this.#sdk = sdk;
    this.#config = config;
    this.#url = url;
    this.#client = new sdk.SQSClient(clientSettings({ ...config, endpoint }, region));
    const { middlewareStack, config: holder } = this.#client;
    middlewareStack.add(withRenewedKey(holder), { step: 'initialize', name: 'withRenewedKey' });
  }

  async open(abortSignal: AbortSignal): Promise<number | undefined> {
    const { GetQueueAttributesCommand, GetQueueUrlCommand } = this.#sdk;
    if (this.#url === undefined) {
      const command = new GetQueueUrlCommand({ QueueName: this.#config.queue });
      this.#url = (await this.#client.send(command, { abortSignal })).QueueUrl;
    }
    try {
      const command = new GetQueueAttributesCommand({ QueueUrl: this.#url, AttributeNames: ['MaximumMessageSize'] });
      const { Attributes } = await this.#client.send(command, { abortSignal });
      return Number(Attributes?.MaximumMessageSize) || undefined;
    } catch (e) {
      if (isDenied(e)) return undefined; // it may be allowed to send all the same, and no more
      throw e;
    }
  }

  async send(messages: readonly AwsMessage[], abortSignal: AbortSignal): Promise<BatchAnswer> {
    const { delay } = this.#config;
    const Entries = messages.map(({ text, attributes, groupId, deduplicationId }, i) => ({
      Id: String(i),
      MessageBody: text,
      MessageAttributes: attributes,
      ...(groupId === undefined ? {} : { MessageGroupId: groupId }),
      ...(deduplicationId === undefined ? {} : { MessageDeduplicationId: deduplicationId }),
      ...(delay === undefined ? {} : { DelaySeconds: Math.round(delay / 1000) }),
    }));
    const command = new this.#sdk.SendMessageBatchCommand({ QueueUrl: this.#url, Entries });
    return await this.#client.send(command, { abortSignal });
  }

  close(): void {
    this.#client.destroy();
  }

  region(): Promise<string> {
    return this.#client.config.region();
  }

  status(): Readonly<Record<string, number | string | boolean>> {
    return { queue: this.#config.queue };
  }
}
