import type { BatchAnswer, BatchTarget } from '../aws-batch-sink.ts';
import { clientSettings, isDenied } from '../aws-connection.ts';
import { withRenewedKey } from '../aws-key.ts';
import type { AwsMessage } from '../aws-message.ts';
import type { SnsConfig } from './config.ts';

type Sdk = typeof import('@aws-sdk/client-sns');
type SNSClient = import('@aws-sdk/client-sns').SNSClient;

/** A topic of SNS. */
export class SnsTarget implements BatchTarget {
  readonly name: string;
  readonly create: string;
  readonly #sdk: Sdk;
  readonly #client: SNSClient;
  readonly #topic: string;

  constructor(sdk: Sdk, config: SnsConfig) {
    const { topic } = config;
    const [, , , region, , name = ''] = topic.split(':');
    this.name = `topic ${topic}`;
    this.create = `aws sns create-topic --name ${name}${name.endsWith('.fifo') ? ' --attributes FifoTopic=true' : ''}`;
    this.#sdk = sdk;
    this.#topic = topic;
    this.#client = new sdk.SNSClient(clientSettings(config, region));
    const { middlewareStack, config: holder } = this.#client;
    middlewareStack.add(withRenewedKey(holder), { step: 'initialize', name: 'withRenewedKey' });
  }

  async open(abortSignal: AbortSignal): Promise<undefined> {
    try {
      await this.#client.send(new this.#sdk.GetTopicAttributesCommand({ TopicArn: this.#topic }), { abortSignal });
    } catch (e) {
      if (!isDenied(e)) throw e; // it may be allowed to publish all the same, and no more
    }
  }

  async send(messages: readonly AwsMessage[], abortSignal: AbortSignal): Promise<BatchAnswer> {
    const PublishBatchRequestEntries = messages.map(({ text, attributes, groupId, deduplicationId }, i) => ({
      Id: String(i),
      Message: text,
      MessageAttributes: attributes,
      ...(groupId === undefined ? {} : { MessageGroupId: groupId }),
      ...(deduplicationId === undefined ? {} : { MessageDeduplicationId: deduplicationId }),
    }));
    const command = new this.#sdk.PublishBatchCommand({ TopicArn: this.#topic, PublishBatchRequestEntries });
    return await this.#client.send(command, { abortSignal });
  }

  close(): void {
    this.#client.destroy();
  }

  region(): Promise<string> {
    return this.#client.config.region();
  }

  status(): Readonly<Record<string, number | string | boolean>> {
    return { topic: this.#topic };
  }
}
