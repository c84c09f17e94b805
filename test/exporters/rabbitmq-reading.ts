import { type Channel, type ConsumeMessage, connect } from 'amqplib';

/** Something done with a channel of its own, as guest. */
export async function withChannel<T>(url: string, work: (channel: Channel) => Promise<T>): Promise<T> {
  const model = await connect(url);
  try {
    return await work(await model.createChannel());
  } finally {
    await model.close();
  }
}

/** A queue that is bound to the exchange, made where they are missing. */
export async function bindQueue(
  url: string,
  queue: string,
  exchange: string,
  { type = 'topic', pattern = '#', args = {} as Readonly<Record<string, unknown>> } = {},
): Promise<void> {
  await withChannel(url, async (channel) => {
    await channel.assertExchange(exchange, type, { durable: true });
    await channel.assertQueue(queue, { durable: true, arguments: args });
    await channel.bindQueue(queue, exchange, pattern);
  });
}

/** Everything that is ready in a queue, in its order; it is put back. */
export async function readQueue(url: string, queue: string): Promise<ConsumeMessage[]> {
  return await withChannel(url, async (channel) => {
    const { messageCount } = await channel.checkQueue(queue);
    const messages: ConsumeMessage[] = [];
    if (messageCount === 0) return messages;
    await new Promise<void>((resolve, reject) => {
      const take = (message: ConsumeMessage | null): void => {
        if (message === null) reject(new Error(`queue ${queue} is gone`));
        else if (messages.push(message) === messageCount) resolve();
      };
      channel.consume(queue, take).catch(reject);
    });
    return messages;
  });
}
