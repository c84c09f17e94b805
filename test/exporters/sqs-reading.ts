import { readFileSync } from 'node:fs';
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';

/** Of the servers of the tests, which take any. */
export const AWS_ENVIRONMENT = {
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test-secret',
  AWS_REGION: 'us-east-1',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_CONFIG_FILE: '/nonexistent',
  AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
};

export interface QueueMessage {
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly groupId: string | undefined;
  readonly deduplicationId: string | undefined;
}

/** A consumer of queues. */
export class SqsReader {
  readonly client: SQSClient;

  constructor(endpoint: string, ca?: string) {
    const requestHandler = ca === undefined ? {} : { httpsAgent: { ca: readFileSync(ca) } };
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test-secret' };
    // A connection may be one to a server that has been killed since.
    this.client = new SQSClient({ endpoint, maxAttempts: 8, region: 'us-east-1', credentials, requestHandler });
  }

  /** @returns its URL, with the path of the queue at this endpoint */
  async create(name: string, attributes: Readonly<Record<string, string>> = {}): Promise<string> {
    const fifo = name.endsWith('.fifo') ? { FifoQueue: 'true' } : {};
    const Attributes = { ...fifo, ...attributes };
    const { QueueUrl = '' } = await this.client.send(new CreateQueueCommand({ QueueName: name, Attributes }));
    return QueueUrl;
  }

  async arn(url: string): Promise<string> {
    const command = new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['QueueArn'] });
    return (await this.client.send(command)).Attributes?.QueueArn ?? '';
  }

  /**
   * Takes out what the queue holds, in the order in which it gives it: a FIFO queue gives those of a group to one at a time.
   * @param readers 1 for moto, which gives them to several at once
   */
  async drain(url: string, readers = 8): Promise<QueueMessage[]> {
    const all: QueueMessage[] = [];
    await Promise.all(Array.from({ length: readers }, () => this.#drain(url, all)));
    return all;
  }

  async #drain(url: string, all: QueueMessage[]): Promise<void> {
    for (;;) {
      const command = new ReceiveMessageCommand({
        QueueUrl: url,
        MaxNumberOfMessages: 10,
        MessageAttributeNames: ['All'],
        MessageSystemAttributeNames: ['All'],
      });
      const { Messages = [] } = await this.client.send(command);
      if (Messages.length === 0) return;
      all.push(...Messages.map(readMessage));
      const Entries = Messages.map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle: ReceiptHandle ?? '' }));
      await this.client.send(new DeleteMessageBatchCommand({ QueueUrl: url, Entries }));
    }
  }
}

function readMessage({ Body = '', MessageAttributes = {}, Attributes = {} }: Message): QueueMessage {
  const attributes = Object.entries(MessageAttributes).map(([name, { StringValue }]) => [name, StringValue ?? '']);
  return {
    body: Body,
    attributes: Object.fromEntries(attributes),
    groupId: Attributes.MessageGroupId,
    deduplicationId: Attributes.MessageDeduplicationId,
  };
}
